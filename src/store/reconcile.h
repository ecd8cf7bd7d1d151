/*
 * reconcile.h - what is known of each account's list of recordings at Twilio, and who looks at it.
 *
 * One process looks at an account at a time: the row carries a lease on CLOCK_BOOTTIME, as jobs do.
 */
#ifndef KOL_STORE_RECONCILE_H
#define KOL_STORE_RECONCILE_H

#include "store/db.h"

#define KOL_RECONCILE_LEASE_MS (60 * 1000)

struct kol_reconcile {
    const char *account_sid;
    int64_t since_at_ms;    /* what was made before is not taken unasked */
    int64_t until_at_ms;    /* start of the last look that came to its end; 0: none did */
    int64_t success_at_ms;  /* its end; 0 */
    int64_t imported, gone; /* since ever */
    const char *error;      /* of the last look; NULL: it went well */
    int64_t error_at_ms;
};

/* account_sid NULL: all. */
enum kol_code kol_reconcile_list(struct kol_db *db, struct kol_arena *a, const char *account_sid,
                                 struct kol_reconcile **ret, size_t *ret_count,
                                 struct kol_err *err) KOL_MUST_CHECK;

/* How a recording that Twilio lists stands here. */
struct kol_standing {
    bool known;
    bool settled; /* its end was told: completed, or gone */
    bool gone;
    bool local; /* its file is here */
    int64_t call_id;
};
enum kol_code kol_reconcile_standing(struct kol_db *db, const char *recording_sid,
                                     struct kol_standing *ret, struct kol_err *err) KOL_MUST_CHECK;

/* Recordings that a fetch has been waiting for since before a time: at most limit, any of them. */
struct kol_waited {
    const char *recording_sid, *call_sid;
    int64_t call_id;
};
enum kol_code kol_reconcile_waited(struct kol_db *db, struct kol_arena *a, const char *account_sid,
                                   int64_t before_ms, size_t limit, struct kol_waited **ret,
                                   size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

/* ---- changes ---- */

/* owner: one name per process. ret_taken false: somebody else looks at this account now. The row is
 * made when there is none; first use is the first call of the account, or now, less an hour. */
enum kol_code kol_reconcile_take(struct kol_db *db, const char *account_sid, const char *owner,
                                 int64_t now_ms, bool *ret_taken,
                                 struct kol_err *err) KOL_MUST_CHECK;
/* Errors: LOST_LEASE. */
enum kol_code kol_reconcile_extend(struct kol_db *db, const char *account_sid, const char *owner,
                                   struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_reconcile_leave(struct kol_db *db, const char *account_sid, const char *owner,
                                  struct kol_err *err) KOL_MUST_CHECK;
/* A look that began at started_ms came to its end. */
enum kol_code kol_reconcile_done(struct kol_db *db, const char *account_sid, int64_t started_ms,
                                 int64_t imported, int64_t gone, int64_t now_ms,
                                 struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_reconcile_failed(struct kol_db *db, const char *account_sid, int64_t imported,
                                   int64_t gone, const char *error, int64_t now_ms,
                                   struct kol_err *err) KOL_MUST_CHECK;
/* The unfinished jobs of a recording go behind all that comes in. */
enum kol_code kol_reconcile_put_behind(struct kol_db *db, const char *recording_sid,
                                       struct kol_err *err) KOL_MUST_CHECK;

#endif
