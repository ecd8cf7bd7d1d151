/*
 * lease.h - whose turn it is to look at an account: one process at a time, by the row of
 * store/reconcile.h. Private to this folder. Threading: a lease belongs to one thread.
 */
#ifndef KOL_BACKLOG_LEASE_H
#define KOL_BACKLOG_LEASE_H

#include "store/writer.h"

struct kol_lease {
    struct kol_writer *writer;
    const char *account_sid, *owner;
    int64_t kept_boot_ms; /* when it was last made longer */
};

/* ret_taken false: another process looks now. */
enum kol_code kol_lease_take(struct kol_lease *l, bool *ret_taken,
                             struct kol_err *err) KOL_MUST_CHECK;
/* Makes it longer when it is time for that: at least once in KOL_LEASE_KEEP_MS. Errors: LOST_LEASE.
 */
#define KOL_LEASE_KEEP_MS (10 * 1000)
enum kol_code kol_lease_keep(struct kol_lease *l, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_lease_leave(struct kol_lease *l, struct kol_err *err) KOL_MUST_CHECK;

#endif
