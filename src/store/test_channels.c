/* test_channels.c - who is on which channel and track; the realtime transcript's order and roles.
 */
#include "base/test.h"
#include "store/business.h"
#include "store/call.h"
#include "store/channels.h"

#define ACCOUNT "AC00000000000000000000000000000001"
#define CALL "CA00000000000000000000000000000001"

static struct kol_db *db;
static struct kol_arena *a;
static struct kol_err err;
static char path[64];

#define ok(expression) check_ok("", expression, &err)

static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/kol-channels-%d.db", (int)getpid());
    unlink(path);
    a = kol_arena_new(0);
    ok(kol_db_open(path, KOL_DB_WRITE, &db, &err));
    ok(kol_db_migrate(db, &err));
    ok(kol_db_begin(db, &err));
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

static void test_roles(void **state)
{
    static const struct {
        enum kol_channel_map setting;
        const char *map, *source, *direction, *roles;
    } rows[] = {
        /* what facts say, and nothing else is known */
        {KOL_CHANNELS_AUTO, NULL, "StartCallRecordingTwiML", "inbound", KOL_CUSTOMER_FIRST},
        {KOL_CHANNELS_AUTO, "", "DialVerb", "outbound", KOL_CUSTOMER_FIRST},
        {KOL_CHANNELS_AUTO, NULL, "OutboundAPI", "outbound", KOL_CUSTOMER_FIRST},
        {KOL_CHANNELS_AUTO, NULL, "Trunking", "inbound", KOL_AGENT_FIRST},
        {KOL_CHANNELS_AUTO, NULL, "Trunking", "outbound", KOL_AGENT_FIRST},
        {KOL_CHANNELS_AUTO, NULL, "SomethingNew", NULL, KOL_CUSTOMER_FIRST},
        {KOL_CHANNELS_AUTO, NULL, NULL, NULL, KOL_CUSTOMER_FIRST},
        /* the setting */
        {KOL_CHANNELS_AGENT_CUSTOMER, NULL, "DialVerb", "inbound", KOL_AGENT_FIRST},
        {KOL_CHANNELS_CUSTOMER_AGENT, NULL, "Trunking", "inbound", KOL_CUSTOMER_FIRST},
        /* the business's own map: by source and direction, then by direction */
        {KOL_CHANNELS_CUSTOMER_AGENT, "{\"inbound\":\"agent,customer\"}", "DialVerb", "inbound",
         KOL_AGENT_FIRST},
        {KOL_CHANNELS_AUTO, "{\"inbound\":\"agent,customer\"}", "DialVerb", "outbound",
         KOL_CUSTOMER_FIRST},
        {KOL_CHANNELS_AUTO,
         "{\"inbound\":\"agent,customer\",\"DialVerb/inbound\":\"customer,agent\"}", "DialVerb",
         "inbound", KOL_CUSTOMER_FIRST},
        {KOL_CHANNELS_AUTO, "{\"DialVerb/inbound\":\"agent,customer\"}", "OutboundAPI", "inbound",
         KOL_CUSTOMER_FIRST},
        {KOL_CHANNELS_AUTO, "{\"realtime/inbound\":\"agent,customer\"}", "DialVerb", "inbound",
         KOL_CUSTOMER_FIRST},
        {KOL_CHANNELS_AUTO, "{\"inbound\":5}", "DialVerb", "inbound", KOL_CUSTOMER_FIRST},
        {KOL_CHANNELS_AUTO, "nonsense", "DialVerb", "inbound", KOL_CUSTOMER_FIRST},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        const struct kol_conf conf = {.channel_map = rows[i].setting};

        check_str(rows[i].map,
                  kol_channel_roles(&conf, rows[i].map, rows[i].source, rows[i].direction),
                  rows[i].roles);
    }
}

static void test_tracks(void **state)
{
    static const char map[] = "{\"inbound\":\"agent,customer\",\"realtime/outbound\":"
                              "\"agent,customer\"}";

    (void)state;
    check_str("inbound", kol_track_role(NULL, "inbound", false), "customer");
    check_str("inbound, to the caller", kol_track_role(NULL, "inbound", true), "agent");
    check_str("outbound", kol_track_role(NULL, "outbound", false), "customer");
    check_str("unknown", kol_track_role(NULL, NULL, true), "agent");
    check_str("recordings are another matter", kol_track_role(map, "inbound", false), "customer");
    check_str("the business says so", kol_track_role(map, "outbound", false), "agent");
    check_str("the other track", kol_track_role(map, "outbound", true), "customer");
}

static void test_maps(void **state)
{
    static const struct {
        const char *map;
        const char *message; /* NULL: fine */
    } rows[] = {
        {NULL, NULL},
        {"", NULL},
        {"{}", NULL},
        {"{\"inbound\":\"customer,agent\",\"Trunking/outbound\":\"agent,customer\"}", NULL},
        {"{\"realtime/inbound\":\"agent,customer\"}", NULL},
        {"[]", "is JSON such as"},
        {"{", "is JSON such as"},
        {"{\"sideways\":\"customer,agent\"}", "'sideways' is no key"},
        {"{\"/inbound\":\"customer,agent\"}", "is no key"},
        {"{\"inbound\":\"customer\"}", "'inbound' is"},
        {"{\"inbound\":null}", "'inbound' is"},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        check_code(rows[i].map, kol_channel_map_check(rows[i].map, &err),
                   rows[i].message ? KOL_BAD_INPUT : KOL_OK, &err);
        if (rows[i].message)
            check_has(rows[i].map, err.msg, rows[i].message);
    }
    check_str("first", kol_channel_map_with(a, "", "inbound", KOL_AGENT_FIRST),
              "{\"inbound\":\"agent,customer\"}");
    check_str("replaced",
              kol_channel_map_with(a, "{\"inbound\":\"x\"}", "inbound", KOL_AGENT_FIRST),
              "{\"inbound\":\"agent,customer\"}");
    check_str("unreadable", kol_channel_map_with(a, "[1", "inbound", KOL_AGENT_FIRST),
              "{\"inbound\":\"agent,customer\"}");
}

static void add(int64_t call_id, const char *sid, int64_t sequence, bool outbound, const char *text,
                int64_t at_ms, bool expected_new)
{
    bool is_new = !expected_new;
    const struct kol_realtime_line line = {
        sid, sequence, outbound, outbound ? "agent" : "customer", text, at_ms};

    ok(kol_call_add_realtime_line(db, call_id, &line, 1, &is_new, &err));
    check_int(text, is_new, expected_new);
}

/* Sessions of one call, clocks that go backwards, and tracks that count each for itself. */
static void test_order(void **state)
{
    int64_t id = 0;
    struct kol_call *call = NULL;

    (void)state;
    ok(kol_call_ensure(db, CALL, ACCOUNT, 1, &id, &err));
    add(id, "GT2", 2, true, "six", 9000, true);
    add(id, "GT1", 4, false, "four", 1500, true); /* its clock is behind: it was delivered late */
    add(id, "GT1", 3, true, "three", 4000, true);
    add(id, "GT1", 1, false, "one", 1000, true);
    add(id, "GT1", 1, false, "one again", 1000, false);
    add(id, "GT1", 1, true, "one of the other track", 1000, true);
    add(id, "GT2", 1, false, "five", 8000, true);
    ok(kol_call_by_id(db, a, id, &call, &err));
    check_str("order", call->full_conversation,
              "Customer: one\nAgent: one of the other track\nAgent: three\nCustomer: four\n"
              "Customer: five\nAgent: six");
}

static void test_relabel(void **state)
{
    int64_t id = 0, business = 0;
    bool changed;
    struct kol_call *call = NULL;
    const struct kol_business b = {.name = "Golan Locks",
                                   .timezone = "Asia/Jerusalem",
                                   .language = "he",
                                   .channel_map = "{\"realtime/outbound\":\"agent,customer\"}"};

    (void)state;
    ok(kol_business_add(db, &b, 1, &business, &err));
    ok(kol_call_ensure(db, "CA00000000000000000000000000000002", ACCOUNT, 1, &id, &err));
    add(id, "GT9", 1, false, "hello", 1000, true);
    add(id, "GT9", 2, true, "yes", 2000, true);
    ok(kol_call_relabel_realtime(db, id, 2, &changed, &err));
    check_int("nobody knows whose call it is", changed, false);
    ok(kol_call_set_parties(db, id, "outbound", "+97246000000", "+972501234567", business, 2,
                            &err));
    ok(kol_call_relabel_realtime(db, id, 2, &changed, &err));
    check_int("now they do", changed, true);
    ok(kol_call_by_id(db, a, id, &call, &err));
    check_str("swapped", call->full_conversation, "Agent: hello\nCustomer: yes");
    ok(kol_call_relabel_realtime(db, id, 2, &changed, &err));
    check_int("once", changed, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles), cmocka_unit_test(test_tracks),  cmocka_unit_test(test_maps),
        cmocka_unit_test(test_order), cmocka_unit_test(test_relabel),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
