/* Leads: how long a caller keeps one, which value is better, and the history that all leave. */
#include "base/test.h"
#include "store/business.h"
#include "store/call.h"
#include "store/lead.h"

#define ACCOUNT "AC00000000000000000000000000000001"
#define CALLER "+972501234567"
#define DAY_MS (24 * 3600 * 1000LL)
#define WINDOW_MS (90 * DAY_MS)

static struct kol_db *db;
static struct kol_arena *a;
static struct kol_err err;
static char path[64];
static int64_t business;

#define ok(expression) check_ok("", expression, &err)

static int set_up(void **state)
{
    (void)state;
    const struct kol_business b = {
        .name = "Golan Locks", .timezone = "Asia/Jerusalem", .language = "he"};

    snprintf(path, sizeof(path), "/tmp/kol-lead-%d.db", (int)getpid());
    unlink(path);
    a = kol_arena_new(0);
    ok(kol_db_open(path, KOL_DB_WRITE, &db, &err));
    ok(kol_db_migrate(db, &err));
    ok(kol_db_begin(db, &err));
    ok(kol_business_add(db, &b, 1, &business, &err));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kol_db_rollback(db);
    kol_db_close(db);
    kol_arena_free(a);
    unlink(path);
    return 0;
}

/* A call that ended on a day. */
static int64_t call_on(const char *sid, int64_t day)
{
    int64_t id = 0;

    ok(kol_call_ensure(db, sid, ACCOUNT, 1, &id, &err));
    ok(kol_call_set_status(db, id, "completed", 3, day * DAY_MS, day * DAY_MS + 1, 1, &err));
    return id;
}

static struct kol_lead_result apply(struct kol_lead_update update)
{
    struct kol_lead_result result = {0};

    update.business_id = business;
    if (!update.phone)
        update.phone = CALLER;
    ok(kol_lead_apply(db, &update, 5, &result, &err));
    return result;
}

static struct kol_lead *lead_of(int64_t id)
{
    struct kol_lead *lead = NULL;

    ok(kol_lead_by_id(db, a, id, &lead, &err));
    return lead;
}

/* Calls in the order in which they are understood, with the days on which they were. */
static void test_a_caller_keeps_a_lead_within_the_window(void **state)
{
    (void)state;
    static const struct {
        const char *sid;
        int64_t day;
        int lead; /* which lead, by order of making */
    } rows[] = {
        {"first", 1000, 0},
        {"next day", 1001, 0},
        {"90 days after the last", 1091, 0},
        {"91 days after that", 1182, 1},
        {"late news of the old matter", 1050, 0},
        {"long before all", 800, 2},
        {"nearer to the second", 1150, 1},
    };
    int64_t leads[3] = {0};

    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        const struct kol_lead_update update = {.call_id = call_on(rows[i].sid, rows[i].day),
                                               .window_ms = WINDOW_MS};
        const int64_t id = apply(update).id;

        if (!leads[rows[i].lead])
            leads[rows[i].lead] = id;
        check_int(rows[i].sid, id, leads[rows[i].lead]);
        for (int j = 0; j < 3; j++)
            check_true(rows[i].sid, j == rows[i].lead || leads[j] != id);
    }
}

static void test_without_a_window_a_caller_has_one_lead_for_ever(void **state)
{
    (void)state;
    const int64_t id = apply((struct kol_lead_update){.call_id = call_on("a", 1)}).id;

    assert_int_equal(apply((struct kol_lead_update){.call_id = call_on("b", 9999)}).id, id);
}

static void test_another_caller_and_another_business_have_their_own(void **state)
{
    (void)state;
    const struct kol_business other = {.name = "x", .timezone = "UTC", .language = "en"};
    const int64_t id = apply((struct kol_lead_update){.call_id = call_on("a", 1)}).id;
    const int64_t second =
        apply((struct kol_lead_update){.call_id = call_on("b", 1), .phone = "+97250"}).id;

    assert_int_not_equal(second, id);
    ok(kol_business_add(db, &other, 1, &business, &err));
    assert_int_not_equal(apply((struct kol_lead_update){.call_id = call_on("c", 1)}).id, id);
}

static void test_a_better_value_replaces_a_machines(void **state)
{
    (void)state;
    static const struct {
        const char *sid;
        int64_t day;
        const char *city;
        double confidence;
        const char *kept;
        bool changed;
    } rows[] = {
        {"first", 10, "Afula", 0.6, "Afula", true},
        {"the same, clearer", 11, "Afula", 0.9, "Afula", false},
        {"newer", 12, "Haifa", 0.7, "Haifa", true},
        {"newer, but a guess", 13, "Eilat", 0.3, "Haifa", false},
        {"older, less sure", 9, "Acre", 0.6, "Haifa", false},
        {"older, surer", 8, "Nesher", 0.95, "Nesher", true},
        {"nothing said", 20, NULL, 0, "Nesher", false},
        {"empty", 21, "", 1, "Nesher", false},
    };

    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        const struct kol_lead_result result =
            apply((struct kol_lead_update){.call_id = call_on(rows[i].sid, rows[i].day),
                                           .city = rows[i].city,
                                           .city_confidence = rows[i].confidence});

        check_int(rows[i].sid, result.city_changed, rows[i].changed);
        check_str(rows[i].sid, lead_of(result.id)->city, rows[i].kept);
    }
}

static void check_line(const char *row, const struct kol_lead_change *line, const char *old_value,
                       const char *new_value, const char *call_sid, const char *key_name)
{
    check_str(row, line->field, "city");
    check_str(row, line->old_value, old_value);
    check_str(row, line->new_value, new_value);
    check_str(row, line->call_sid, call_sid);
    check_str(row, line->key_name, key_name);
    check_int(row, line->by_person, key_name != NULL);
}

static void test_every_change_is_remembered(void **state)
{
    (void)state;
    const struct kol_principal person = {.key_id = 7, .business_id = business, .name = "Dana"};
    struct kol_lead_update update = {
        .call_id = call_on("one", 1), .city = "Afula", .city_confidence = 0.75};
    struct kol_lead_change *lines = NULL;
    size_t n = 0;
    const int64_t id = apply(update).id;

    ok(kol_lead_type(db, id, &person, KOL_LEAD_CITY, "Nesher", 6, &err));
    update.call_id = call_on("two", 2);
    update.city = "Haifa";
    apply(update); /* kept out: a person typed the city */
    assert_string_equal(lead_of(id)->city, "Nesher");
    ok(kol_lead_type(db, id, &person, KOL_LEAD_CITY, NULL, 8, &err));
    apply(update);

    ok(kol_lead_history(db, a, id, 50, &lines, &n, &err));
    assert_int_equal(n, 4);
    check_line("machine again", &lines[0], NULL, "Haifa", "two", NULL);
    check_line("handed back", &lines[1], "Nesher", NULL, NULL, "Dana");
    check_line("typed", &lines[2], "Afula", "Nesher", NULL, "Dana");
    check_line("first", &lines[3], NULL, "Afula", "one", NULL);
    check_true("confidence", lines[3].confidence > 0.74 && lines[3].confidence < 0.76);
    check_true("confidence", lines[2].confidence < 0);
    check_int("key", lines[2].key_id, 7);
    check_int("at", lines[2].at_ms, 6);
    ok(kol_lead_history(db, a, id, 1, &lines, &n, &err));
    assert_int_equal(n, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_a_caller_keeps_a_lead_within_the_window),
        T(test_without_a_window_a_caller_has_one_lead_for_ever),
        T(test_another_caller_and_another_business_have_their_own),
        T(test_a_better_value_replaces_a_machines),
        T(test_every_change_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
