/*
 * found.h - a recording that Twilio told of over REST is stored as its callback would have been.
 *
 * Used by: walk.c, cli. Knows: what a callback's change does (intake/road.h). Does not know: who
 * asked Twilio and why. Threading: the functions are changes (writer.h), but for the log.
 */
#ifndef KOL_BACKLOG_FOUND_H
#define KOL_BACKLOG_FOUND_H

#include "conf/conf.h"
#include "store/db.h"
#include "twilio/rest.h"

/*
 * Call, numbers, times, recording and job in one transaction; UNIQUE keys do the de-duplication, so
 * a callback before or after it changes nothing. A kol_write_fn; arg is a struct kol_found.
 *
 *   recording  with call_sid, not deleted
 *   party      the call's resource; NULL: not known
 *   behind     its jobs go behind all that comes in
 * Errors also: FORBIDDEN, CONFLICT (SIDs that contradict what is stored).
 */
struct kol_found {
    const struct kol_conf *conf;
    const struct kol_rest_recording *recording;
    const struct kol_rest_call *party;
    bool behind;
    bool ret_queued;         /* a fetch was added */
    int64_t ret_business_id; /* 0: no business has the call's number */
};
enum kol_code kol_found_store(struct kol_db *db, void *arg, struct kol_err *err);
void kol_found_log(const struct kol_found *found); /* the operators' lines */

/*
 * Twilio has it no more: the fetch that waits for it ends, unless the file is here. A kol_write_fn;
 * arg is a struct kol_lost.
 */
struct kol_lost {
    const struct kol_conf *conf;
    const char *account_sid, *recording_sid;
    int64_t call_id;
    const char *status; /* deleted, absent */
    int64_t error_code;
    bool ret_marked;
};
enum kol_code kol_found_lost(struct kol_db *db, void *arg, struct kol_err *err);

/* Which business has the number of this call; 0: none. Also outside of a change. */
enum kol_code kol_found_business(struct kol_db *db, const struct kol_conf *conf,
                                 const struct kol_rest_call *party, int64_t *ret,
                                 struct kol_err *err) KOL_MUST_CHECK;

/* over: what was recorded is all there is. gone: Twilio has, or will have, nothing. */
bool kol_found_is_over(const struct kol_rest_recording *r);
bool kol_found_is_gone(const struct kol_rest_recording *r);

#endif
