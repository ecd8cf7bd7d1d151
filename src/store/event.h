/*
 * event.h - every callback that was accepted, once: the UNIQUE key does the de-duplication.
 */
#ifndef KOL_STORE_EVENT_H
#define KOL_STORE_EVENT_H

#include "store/db.h"

struct kol_event_row {
    const char *account_sid;
    const char *kind;    /* "recording", "record_action", "call_status", "transcription" */
    const char *subject; /* recording SID; without one the call (or transcription) SID */
    const char *status;  /* "" when it has none */
    int64_t sequence;    /* 0 when it has none */
    const char *call_sid;
    const char *params; /* JSON object of what was received, for support */
};
/* Change. ret_new false: seen before, nothing else is to be done. CONFLICT: seen of another call.
 */
enum kol_code kol_event_add(struct kol_db *db, const struct kol_event_row *event, int64_t now_ms,
                            bool *ret_new, struct kol_err *err) KOL_MUST_CHECK;

#endif
