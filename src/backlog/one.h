/*
 * one.h - one call on request: its recordings are looked for at Twilio now.
 */
#ifndef KOL_BACKLOG_ONE_H
#define KOL_BACKLOG_ONE_H

#include "conf/conf.h"
#include "store/writer.h"
#include "twilio/rest.h"

enum kol_one {
    KOL_ONE_QUEUED,    /* found, and its fetch was added */
    KOL_ONE_UNDER_WAY, /* its fetch was added before: nothing was done */
    KOL_ONE_HERE,      /* the file is here: nothing was done */
    KOL_ONE_NOTHING,   /* Twilio has no recording of it, or does not know the call */
};

/*
 * Unknown calls are taken in when Twilio knows them.
 *   account_sid   to ask for an unknown call; NULL: all accounts, one after the other
 * Errors: those of kol_twilio_recordings_of_call(); FORBIDDEN (account_sid is not the call's).
 */
enum kol_code kol_one_fetch(struct kol_arena *a, const struct kol_conf *conf,
                            struct kol_writer *writer, struct kol_twilio *twilio,
                            const char *call_sid, const char *account_sid, enum kol_one *ret,
                            struct kol_err *err) KOL_MUST_CHECK;

#endif
