#include "backlog/lease.h"
#include "base/clock.h"
#include "store/reconcile.h"

struct taking {
    const struct kol_lease *lease;
    bool taken;
};

static enum kol_code take_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct taking *t = arg;

    return kol_reconcile_take(db, t->lease->account_sid, t->lease->owner, kol_wall_ms(), &t->taken,
                              err);
}

static enum kol_code keep_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct kol_lease *l = arg;

    return kol_reconcile_extend(db, l->account_sid, l->owner, err);
}

static enum kol_code leave_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct kol_lease *l = arg;

    return kol_reconcile_leave(db, l->account_sid, l->owner, err);
}

enum kol_code kol_lease_take(struct kol_lease *l, bool *ret_taken, struct kol_err *err)
{
    struct taking t = {.lease = l};
    const enum kol_code code = kol_write(l->writer, take_change, &t, err);

    *ret_taken = code == KOL_OK && t.taken;
    if (*ret_taken)
        l->kept_boot_ms = kol_boot_ms();
    return code;
}

enum kol_code kol_lease_keep(struct kol_lease *l, struct kol_err *err)
{
    if (kol_boot_ms() - l->kept_boot_ms < KOL_LEASE_KEEP_MS)
        return KOL_OK;
    const enum kol_code code = kol_write(l->writer, keep_change, l, err);
    if (code == KOL_OK)
        l->kept_boot_ms = kol_boot_ms();
    return code;
}

enum kol_code kol_lease_leave(struct kol_lease *l, struct kol_err *err)
{
    return kol_write(l->writer, leave_change, l, err);
}
