#include "store/reconcile.h"
#include "base/clock.h"
#include "base/str.h"

/* Added to order keys, which are times: later than any that a call will have. */
#define BEHIND_MS (100LL * 365 * 24 * 3600 * 1000)

enum {
    MOST_ACCOUNTS = 1000,
    GRACE_MS = 3600 * 1000 /* calls that were on the line while Kol was set up */
};

static void read_row(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    *(struct kol_reconcile *)row = (struct kol_reconcile){
        .account_sid = kol_col_dup(a, st, 0),
        .since_at_ms = kol_col_int(st, 1),
        .until_at_ms = kol_col_int(st, 2),
        .success_at_ms = kol_col_int(st, 3),
        .imported = kol_col_int(st, 4),
        .gone = kol_col_int(st, 5),
        .error = kol_col_dup(a, st, 6),
        .error_at_ms = kol_col_int(st, 7),
    };
}

enum kol_code kol_reconcile_list(struct kol_db *db, struct kol_arena *a, const char *account_sid,
                                 struct kol_reconcile **ret, size_t *ret_count, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, KOL_SQL_reconcile_list, KOL_ARGS(KOL_TEXT(account_sid)),
                    sizeof(struct kol_reconcile), MOST_ACCOUNTS, read_row, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

enum kol_code kol_reconcile_standing(struct kol_db *db, const char *recording_sid,
                                     struct kol_standing *ret, struct kol_err *err)
{
    KOL_STMT st = NULL;
    enum kol_code code =
        kol_db_query(db, KOL_SQL_recording_standing, KOL_ARGS(KOL_TEXT(recording_sid)), &st, err);

    *ret = (struct kol_standing){0};
    if (code == KOL_OK)
        code = kol_step(st, &ret->known, err);
    if (code != KOL_OK || !ret->known)
        return code;
    const char *status = kol_col_text(st, 0);
    ret->gone =
        kol_streq(status, "deleted") || kol_streq(status, "absent") || kol_streq(status, "failed");
    ret->settled = ret->gone || kol_streq(status, "completed");
    ret->call_id = kol_col_int(st, 1);
    ret->local = kol_col_int(st, 2) != 0;
    return KOL_OK;
}

static void read_waited(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    *(struct kol_waited *)row = (struct kol_waited){
        .recording_sid = kol_col_dup(a, st, 0),
        .call_id = kol_col_int(st, 1),
        .call_sid = kol_col_dup(a, st, 2),
    };
}

enum kol_code kol_reconcile_waited(struct kol_db *db, struct kol_arena *a, const char *account_sid,
                                   int64_t before_ms, size_t limit, struct kol_waited **ret,
                                   size_t *ret_count, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, KOL_SQL_recording_waited_for,
                    KOL_ARGS(KOL_TEXT(account_sid), KOL_INT(before_ms), KOL_INT(limit)),
                    sizeof(struct kol_waited), limit, read_waited, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

/* ---- changes ---- */

enum kol_code kol_reconcile_take(struct kol_db *db, const char *account_sid, const char *owner,
                                 int64_t now_ms, bool *ret_taken, struct kol_err *err)
{
    const int64_t boot_ms = kol_boot_ms();
    int64_t changes = 0;
    enum kol_code code =
        kol_db_run(db, KOL_SQL_reconcile_add,
                   KOL_ARGS(KOL_TEXT(account_sid), KOL_INT(now_ms), KOL_INT(GRACE_MS)), NULL, err);

    if (code == KOL_OK)
        code = kol_db_run(db, KOL_SQL_reconcile_take,
                          KOL_ARGS(KOL_TEXT(account_sid), KOL_TEXT(owner), KOL_TEXT(kol_boot_id()),
                                   KOL_INT(boot_ms), KOL_INT(boot_ms + KOL_RECONCILE_LEASE_MS)),
                          &changes, err);
    *ret_taken = code == KOL_OK && changes > 0;
    return code;
}

enum kol_code kol_reconcile_extend(struct kol_db *db, const char *account_sid, const char *owner,
                                   struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code = kol_db_run(db, KOL_SQL_reconcile_extend,
                                    KOL_ARGS(KOL_TEXT(account_sid), KOL_TEXT(owner),
                                             KOL_INT(kol_boot_ms() + KOL_RECONCILE_LEASE_MS)),
                                    &changes, err);

    if (code == KOL_OK && changes == 0)
        return kol_fail(err, KOL_LOST_LEASE, "another process looks at this account now");
    return code;
}

enum kol_code kol_reconcile_leave(struct kol_db *db, const char *account_sid, const char *owner,
                                  struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_reconcile_leave, KOL_ARGS(KOL_TEXT(account_sid), KOL_TEXT(owner)),
                      NULL, err);
}

enum kol_code kol_reconcile_done(struct kol_db *db, const char *account_sid, int64_t started_ms,
                                 int64_t imported, int64_t gone, int64_t now_ms,
                                 struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_reconcile_done,
                      KOL_ARGS(KOL_TEXT(account_sid), KOL_INT(started_ms), KOL_INT(now_ms),
                               KOL_INT(imported), KOL_INT(gone)),
                      NULL, err);
}

enum kol_code kol_reconcile_failed(struct kol_db *db, const char *account_sid, int64_t imported,
                                   int64_t gone, const char *error, int64_t now_ms,
                                   struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_reconcile_failed,
                      KOL_ARGS(KOL_TEXT(account_sid), KOL_INT(imported), KOL_INT(gone),
                               KOL_TEXT(error), KOL_INT(now_ms)),
                      NULL, err);
}

enum kol_code kol_reconcile_put_behind(struct kol_db *db, const char *recording_sid,
                                       struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_job_put_behind,
                      KOL_ARGS(KOL_TEXT(recording_sid), KOL_INT(BEHIND_MS)), NULL, err);
}
