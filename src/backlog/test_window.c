/* How far back a look goes, and who may look: one process per account at a time. */
#include "backlog/reconcile.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/test.h"
#include <unistd.h>

#define AC "AC00000000000000000000000000000001"
#define HOUR_MS (3600 * 1000LL)

static void test_from(void **state)
{
    static const struct {
        const char *what;
        int64_t since, until, overlap, from;
    } rows[] = {
        {"the first look", 1000, 0, 50, 1000},
        {"soon after the first", 1000, 1010, 50, 1000},
        {"a while after", 1000, 5000, 50, 4950},
        {"after a year of standing still", 1000, 5000, 50, 4950},
        {"no overlap", 1000, 5000, 0, 5000},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        const struct kol_reconcile row = {.since_at_ms = rows[i].since,
                                          .until_at_ms = rows[i].until};
        check_int(rows[i].what, kol_reconcile_from(&row, rows[i].overlap), rows[i].from);
    }
}

static int64_t boot_now_ms;

static int64_t fake_boot_ms(void)
{
    return boot_now_ms;
}

static void take(struct kol_db *db, const char *owner, bool expected)
{
    struct kol_err err = {0};
    bool taken = !expected;

    check_ok(owner, kol_reconcile_take(db, AC, owner, 100 * HOUR_MS, &taken, &err), &err);
    check_int(owner, taken, expected);
}

static void test_lease(void **state)
{
    char folder[] = "/tmp/kol-window-XXXXXX", path[64];
    struct kol_sys sys = kol_sys_real;
    struct kol_err err = {0};
    struct kol_db *db = NULL;
    struct kol_reconcile *rows = NULL;
    size_t n = 0;
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    sys.boot_ms = fake_boot_ms;
    kol_sys = &sys;
    boot_now_ms = HOUR_MS;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/kol.db", folder);
    check_ok("open", kol_db_open(path, KOL_DB_WRITE, &db, &err), &err);
    check_ok("migrate", kol_db_migrate(db, &err), &err);

    take(db, "one", true);
    take(db, "two", false);
    take(db, "one", true); /* its own, left over from a crash */
    boot_now_ms += KOL_RECONCILE_LEASE_MS / 2;
    check_ok("extend", kol_reconcile_extend(db, AC, "one", &err), &err);
    boot_now_ms += KOL_RECONCILE_LEASE_MS - 1;
    take(db, "two", false);
    boot_now_ms += 2; /* it ran out */
    take(db, "two", true);
    check_code("lost", kol_reconcile_extend(db, AC, "one", &err), KOL_LOST_LEASE, &err);
    check_ok("leave another's", kol_reconcile_leave(db, AC, "one", &err), &err);
    take(db, "one", false);
    check_ok("leave", kol_reconcile_leave(db, AC, "two", &err), &err);
    take(db, "one", true);

    check_ok("done", kol_reconcile_done(db, AC, 7, 3, 1, 8, &err), &err);
    check_ok("failed", kol_reconcile_failed(db, AC, 2, 0, "why", 9, &err), &err);
    check_ok("list", kol_reconcile_list(db, a, NULL, &rows, &n, &err), &err);
    check_int("rows", n, 1);
    check_int("since: an hour of grace", rows[0].since_at_ms, 99 * HOUR_MS);
    check_int("until", rows[0].until_at_ms, 7);
    check_int("imported", rows[0].imported, 5);
    check_int("gone", rows[0].gone, 1);
    check_str("error", rows[0].error, "why");
    kol_db_close(db);
    kol_sys = &kol_sys_real;
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_from), cmocka_unit_test(test_lease)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
