/* Records: which recording is a call's, leads and who may overwrite them, unassigned calls, keys.
 */
#include "base/crypto.h"
#include "base/test.h"
#include "store/access.h"
#include "store/business.h"
#include "store/call.h"
#include "store/event.h"
#include "store/lead.h"
#include "store/segment.h"

#define ACCOUNT "AC00000000000000000000000000000001"
#define CALL "CA00000000000000000000000000000001"
#define CALL2 "CA00000000000000000000000000000002"

static struct kol_db *db;
static struct kol_arena *a;
static struct kol_err err;
static char path[64];

/* Each test has a database of its own, inside one open transaction. */
static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/kol-records-%d.db", (int)getpid());
    unlink(path);
    a = kol_arena_new(0);
    if (kol_db_open(path, KOL_DB_WRITE, &db, &err) != KOL_OK ||
        kol_db_migrate(db, &err) != KOL_OK || kol_db_begin(db, &err) != KOL_OK)
        fail_msg("%s", err.msg);
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

#define ok(expression)                                                                             \
    do {                                                                                           \
        if ((expression) != KOL_OK)                                                                \
            fail_msg("%s: %s", #expression, err.msg);                                              \
    } while (0)

static int64_t make_business(void)
{
    const struct kol_business b = {
        .name = "Golan Locks", .timezone = "Asia/Jerusalem", .language = "he"};
    int64_t id = 0;

    ok(kol_business_add(db, &b, 1, &id, &err));
    return id;
}

static void test_best_recording_is_two_channel_then_longest(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct kol_recording recording;
        const char *current;
        bool changed;
    } steps[] = {
        {"first",
         {.recording_sid = "RE1", .account_sid = ACCOUNT, .duration = 10, .channels = 1},
         "RE1",
         true},
        {"longer",
         {.recording_sid = "RE2", .account_sid = ACCOUNT, .duration = 20, .channels = 1},
         "RE2",
         true},
        {"shorter",
         {.recording_sid = "RE3", .account_sid = ACCOUNT, .duration = 5, .channels = 1},
         "RE2",
         false},
        {"two channels",
         {.recording_sid = "RE4", .account_sid = ACCOUNT, .duration = 8, .channels = 2},
         "RE4",
         true},
        {"again",
         {.recording_sid = "RE4", .account_sid = ACCOUNT, .duration = -1, .channels = 0},
         "RE4",
         false},
        {"gone",
         {.recording_sid = "RE4", .account_sid = ACCOUNT, .status = "deleted", .duration = -1},
         "RE2",
         true},
    };
    int64_t id = 0;

    ok(kol_call_ensure(db, CALL, ACCOUNT, 1, &id, &err));
    for (size_t i = 0; i < KOL_COUNT(steps); i++) {
        bool current, changed;
        struct kol_call *call = NULL;

        ok(kol_call_put_recording(db, id, &steps[i].recording, (int64_t)i, &current, &changed,
                                  &err));
        ok(kol_call_by_sid(db, a, CALL, &call, &err));
        check_str(steps[i].name, call->recording_sid, steps[i].current);
        check_int(steps[i].name, changed, steps[i].changed);
        check_int(steps[i].name, current,
                  kol_streq(steps[i].current, steps[i].recording.recording_sid));
    }
}

static void test_other_account_is_refused(void **state)
{
    (void)state;
    int64_t id = 0;

    ok(kol_call_ensure(db, CALL, ACCOUNT, 1, &id, &err));
    assert_int_equal(kol_call_ensure(db, CALL, "AC00000000000000000000000000000002", 1, &id, &err),
                     KOL_FORBIDDEN);
}

static void test_late_status_changes_nothing(void **state)
{
    (void)state;
    int64_t id = 0;
    struct kol_call *call = NULL;

    ok(kol_call_ensure(db, CALL, ACCOUNT, 1, &id, &err));
    ok(kol_call_set_status(db, id, "completed", 3, 0, 5000, 9, &err));
    ok(kol_call_set_status(db, id, "ringing", 1, 1000, 0, 9, &err));
    ok(kol_call_by_id(db, a, id, &call, &err));
    assert_string_equal(call->status, "completed");
    assert_int_equal(call->ended_at_ms, 5000);
    assert_int_equal(call->started_at_ms, 1000);
}

static void test_event_is_new_once(void **state)
{
    (void)state;
    const struct kol_event_row event = {.account_sid = ACCOUNT,
                                        .kind = "recording",
                                        .subject = "RE1",
                                        .status = "completed",
                                        .call_sid = CALL,
                                        .params = "{}"};
    bool is_new;

    ok(kol_event_add(db, &event, 1, &is_new, &err));
    assert_true(is_new);
    ok(kol_event_add(db, &event, 2, &is_new, &err));
    assert_false(is_new);
}

static struct kol_lead *lead_of(int64_t id)
{
    struct kol_lead *lead = NULL;

    ok(kol_lead_by_id(db, a, id, &lead, &err));
    return lead;
}

static void test_typed_value_stays(void **state)
{
    (void)state;
    int64_t business = make_business(), call = 0;
    struct kol_lead_result result;

    ok(kol_call_ensure(db, CALL, ACCOUNT, 1, &call, &err));
    struct kol_lead_update update = {.call_id = call,
                                     .business_id = business,
                                     .phone = "+972501234567",
                                     .service_type = "locksmith",
                                     .service_type_confidence = 0.9};
    ok(kol_lead_apply(db, &update, 1, &result, &err));
    assert_true(result.service_type_changed);
    const struct kol_principal person = {.key_id = 7, .business_id = business, .name = "Dana"};
    const struct kol_principal foreign = {.key_id = 8, .business_id = business + 1};
    ok(kol_lead_type(db, result.id, &person, KOL_LEAD_SERVICE_TYPE, "safe opening", 2, &err));
    update.service_type = "plumber";
    ok(kol_lead_apply(db, &update, 3, &result, &err));
    assert_false(result.service_type_changed);
    assert_string_equal(lead_of(result.id)->service_type, "safe opening");

    ok(kol_lead_type(db, result.id, &person, KOL_LEAD_SERVICE_TYPE, NULL, 4, &err));
    ok(kol_lead_apply(db, &update, 5, &result, &err));
    assert_string_equal(lead_of(result.id)->service_type, "plumber");
    assert_int_equal(kol_lead_type(db, result.id, &foreign, KOL_LEAD_CITY, "x", 6, &err),
                     KOL_NOT_FOUND);
}

static void test_one_lead_per_caller_and_one_per_withheld_call(void **state)
{
    (void)state;
    int64_t business = make_business(), first = 0, second = 0;
    struct kol_lead_result a1, a2, w1, w2;

    ok(kol_call_ensure(db, CALL, ACCOUNT, 1, &first, &err));
    ok(kol_call_ensure(db, CALL2, ACCOUNT, 1, &second, &err));
    struct kol_lead_update one = {
        .call_id = first, .business_id = business, .phone = "+972501234567"};
    struct kol_lead_update two = {
        .call_id = second, .business_id = business, .phone = "+972501234567"};
    ok(kol_lead_apply(db, &one, 1, &a1, &err));
    ok(kol_lead_apply(db, &two, 1, &a2, &err));
    assert_int_equal(a1.id, a2.id);

    ok(kol_call_ensure(db, "CA3", ACCOUNT, 1, &first, &err));
    ok(kol_call_ensure(db, "CA4", ACCOUNT, 1, &second, &err));
    one = (struct kol_lead_update){.call_id = first, .business_id = business, .phone = ""};
    two = (struct kol_lead_update){.call_id = second, .business_id = business, .phone = ""};
    ok(kol_lead_apply(db, &one, 1, &w1, &err));
    ok(kol_lead_apply(db, &two, 1, &w2, &err));
    assert_int_not_equal(w1.id, w2.id);
    ok(kol_lead_apply(db, &one, 2, &w2, &err)); /* the same call again: the same lead */
    assert_int_equal(w1.id, w2.id);
}

static void test_number_releases_unassigned_calls(void **state)
{
    (void)state;
    int64_t business = make_business(), id = 0, released = 0;
    struct kol_call *call = NULL;

    ok(kol_call_ensure(db, CALL, ACCOUNT, 1, &id, &err));
    ok(kol_call_set_parties(db, id, "inbound", "+972501234567", "+97248000000", 0, 1, &err));
    ok(kol_business_add_number(db, business, "+97248000000", ACCOUNT, 2, &released, &err));
    assert_int_equal(released, 1);
    ok(kol_call_by_id(db, a, id, &call, &err));
    assert_int_equal(call->business_id, business);
    assert_int_equal(
        kol_business_add_number(db, make_business(), "+97248000000", ACCOUNT, 2, NULL, &err),
        KOL_CONFLICT);
}

static void test_realtime_lines_build_the_conversation_once_each(void **state)
{
    (void)state;
    int64_t id = 0;
    bool is_new;
    struct kol_call *call = NULL;
    const struct kol_realtime_line second = {"GT1", 2, true, "agent", "איפה אתה?", 2000};
    const struct kol_realtime_line first = {"GT1", 1, false, "customer", "צריך מנעולן", 1000};

    ok(kol_call_ensure(db, CALL, ACCOUNT, 1, &id, &err));
    ok(kol_call_add_realtime_line(db, id, &second, 1, &is_new, &err));
    ok(kol_call_add_realtime_line(db, id, &first, 1, &is_new, &err));
    ok(kol_call_add_realtime_line(db, id, &first, 1, &is_new, &err));
    assert_false(is_new);
    ok(kol_call_by_id(db, a, id, &call, &err));
    assert_string_equal(call->full_conversation, "Customer: צריך מנעולן\nAgent: איפה אתה?");
}

/* What playback reads is what all read, less the words. */
static void test_brief(void **state)
{
    (void)state;
    int64_t id = 0;
    bool is_new, current, changed;
    struct kol_call *call = NULL, *brief = NULL;
    const struct kol_realtime_line line = {"GT1", 1, false, "customer", "hello", 1000};
    const struct kol_recording r = {.recording_sid = "RE1",
                                    .account_sid = ACCOUNT,
                                    .status = "completed",
                                    .source = "DialVerb",
                                    .url = "https://h/x",
                                    .duration = 7,
                                    .channels = 2};

    ok(kol_call_ensure(db, CALL, ACCOUNT, 1, &id, &err));
    ok(kol_call_put_recording(db, id, &r, 1, &current, &changed, &err));
    ok(kol_call_set_audio(db, id, "RE1", "recordings/x.wav", 99, "abc", 2, &err));
    ok(kol_call_add_realtime_line(db, id, &line, 1, &is_new, &err));
    ok(kol_call_by_sid(db, a, CALL, &call, &err));
    ok(kol_call_brief(db, a, CALL, &brief, &err));
    assert_null(brief->full_conversation);
    assert_string_equal(brief->audio_sha256, call->audio_sha256);
    assert_string_equal(brief->recording_source, "DialVerb");
    assert_int_equal(brief->audio_bytes, 99);
    assert_int_equal(brief->fetch_state, call->fetch_state);
    assert_int_equal(brief->offline_state, call->offline_state);
    assert_int_equal(brief->channels, 2);
    ok(kol_call_brief(db, a, "CA0", &brief, &err));
    assert_null(brief);
}

static void test_empty_transcript_is_no_speech(void **state)
{
    (void)state;
    int64_t id = 0;
    struct kol_call *call = NULL;
    const struct kol_segment_row dropped = {
        .role = "customer", .text = "Thank you.", .dropped_reason = "no_speech"};
    const struct kol_transcript_row row = {.recording_sid = "RE1",
                                           .final_transcript = "",
                                           .language = "en",
                                           .model = "base",
                                           .duration_ms = 12600,
                                           .segments = &dropped,
                                           .segment_count = 1};
    struct kol_segment_row *list = NULL;
    size_t n = 0;

    ok(kol_call_ensure(db, CALL, ACCOUNT, 1, &id, &err));
    ok(kol_transcript_save(db, id, &row, 5, &err));
    ok(kol_call_by_id(db, a, id, &call, &err));
    assert_int_equal(call->offline_state, KOL_OFFLINE_NO_SPEECH);
    assert_string_equal(call->final_transcript, "");
    assert_int_equal(call->duration, 13);
    ok(kol_segment_list(db, a, id, false, &list, &n, &err));
    assert_int_equal(n, 0);
    ok(kol_segment_list(db, a, id, true, &list, &n, &err));
    assert_int_equal(n, 1);
}

static void test_keys_sessions_and_one_time_logins(void **state)
{
    (void)state;
    int64_t business = make_business(), key = 0;
    bool found;
    struct kol_principal who;
    char secret[65], again[65];

    ok(kol_key_add(db, business, "crm", "hash1", "kol_ab", 1, &key, &err));
    ok(kol_key_find(db, "hash1", &found, &who, &err));
    assert_true(found);
    assert_int_equal(who.business_id, business);
    ok(kol_session_add(db, "session", "s1", &who, 1000, 1, &err));
    ok(kol_session_find(db, "s1", 999, &found, &who, &err));
    assert_true(found);
    ok(kol_session_find(db, "s1", 1000, &found, &who, &err));
    assert_false(found);
    ok(kol_key_revoke(db, key, 2, &err));
    ok(kol_key_find(db, "hash1", &found, &who, &err));
    assert_false(found);
    ok(kol_session_find(db, "s1", 999, &found, &who, &err));
    assert_false(found);

    const struct kol_principal operator= {.name = "console"};
    ok(kol_session_add(db, "login", "l1", &operator, 1000, 1, &err));
    ok(kol_login_take(db, "l1", 5, &found, &who, &err));
    assert_true(found);
    ok(kol_login_take(db, "l1", 5, &found, &who, &err));
    assert_false(found);
    ok(kol_link_secret(db, secret, &err));
    ok(kol_link_secret(db, again, &err));
    assert_string_equal(secret, again);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_best_recording_is_two_channel_then_longest),
        T(test_other_account_is_refused),
        T(test_late_status_changes_nothing),
        T(test_event_is_new_once),
        T(test_typed_value_stays),
        T(test_one_lead_per_caller_and_one_per_withheld_call),
        T(test_number_releases_unassigned_calls),
        T(test_brief),
        T(test_realtime_lines_build_the_conversation_once_each),
        T(test_empty_transcript_is_no_speech),
        T(test_keys_sessions_and_one_time_logins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
