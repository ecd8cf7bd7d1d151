/* Signature, payload, schedule, and the meaning of answers; sending is tested with a real receiver
 * (tests/). */
#include "base/crypto.h"
#include "base/test.h"
#include "deliver/deliver.h"
#include "deliver/payload.h"
#include "deliver/post.h"
#include "deliver/sign.h"

/* The example of the Standard Webhooks libraries. */
static void test_published_vector(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err;
    const char *header = NULL;

    (void)state;
    check_ok("vector",
             kol_webhook_sign(a, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                              "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}",
                              &header, &err),
             &err);
    check_str("vector", header, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void test_several_secrets(void **state)
{
    static const struct {
        const char *secrets, *expected;
        enum kol_code code;
    } rows[] = {
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
         "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= "
         "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
         KOL_OK},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
         "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", KOL_OK},
        {"whsec_not base64!", NULL, KOL_BAD_CONFIG},
        {"whsec_", NULL, KOL_BAD_CONFIG},
        {"", NULL, KOL_BAD_CONFIG},
        {NULL, NULL, KOL_BAD_CONFIG},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *header = NULL;
        struct kol_err err;
        check_code(rows[i].secrets,
                   kol_webhook_sign(a, rows[i].secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                                    "{\"test\": 2432232314}", &header, &err),
                   rows[i].code, &err);
        check_str(rows[i].secrets, header, rows[i].expected);
    }
}

static void test_choice(void **state)
{
    static const struct {
        const char *final, *realtime;
        enum kol_transcript_choice choice;
    } rows[] = {
        {"a", "a much longer realtime transcript", KOL_TRANSCRIPT_OFFLINE}, /* no length decides */
        {"", "words", KOL_TRANSCRIPT_REALTIME},
        {NULL, "words", KOL_TRANSCRIPT_REALTIME},
        {"", "", KOL_TRANSCRIPT_NONE},
        {NULL, NULL, KOL_TRANSCRIPT_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct kol_call call = {.final_transcript = rows[i].final,
                                      .full_conversation = rows[i].realtime};
        check_int(rows[i].realtime, kol_payload_choice(&call), rows[i].choice);
    }
}

static const struct kol_call call = {
    .call_sid = "CA1",
    .business_id = 7,
    .direction = "inbound",
    .from_number = "",
    .to_number = "+9724",
    .status = "completed",
    .recording_sid = "RE1",
    .recording_url = "https://api.twilio.com/x.mp3",
    .duration = -1,
    .final_transcript = "שלום \"x\"\n</script>",
    .extraction_confidence = 0.95,
    .extracted_city = "עפולה",
};
static const struct kol_segment_row segments[] = {
    {0, "customer", 100, 900, "שלום", NULL, NULL, NULL},
    {1, "agent", 950, 1200, "\xff?", NULL, NULL, NULL}};
static const struct kol_lead lead = {
    .id = 79, .business_id = 7, .phone = "", .extraction_confidence = -1};

static json_t *parse(const char *text)
{
    struct kol_err err;
    json_t *json = NULL;

    check_ok(text, kol_json_parse(text, strlen(text), &json, &err), &err);
    return json;
}

static void test_payload(void **state)
{
    static const char *const fields[] = {
        "call_sid",         "business_id",           "direction",     "from_number",
        "to_number",        "recording_url",         "recording_sid", "duration",
        "final_transcript", "full_conversation",     "summary",       "extracted_service",
        "extracted_city",   "extraction_confidence",
    };
    const struct kol_payload p = {.type = "call.completed",
                                  .at_ms = 1774376140123,
                                  .version = 2,
                                  .call = &call,
                                  .lead = &lead,
                                  .segments = segments,
                                  .segment_count = 2};
    KOL_ARENA a = kol_arena_new(0);
    KOL_JSON json = parse(kol_payload_text(a, &p));
    const json_t *data = json_object_get(json, "data"), *c = json_object_get(data, "call"),
                 *turns = json_object_get(data, "transcript");

    (void)state;
    check_str("type", kol_json_get_str(json, "type"), "call.completed");
    check_str("time", kol_json_get_str(json, "timestamp"), "2026-03-24T18:15:40.123Z");
    check_int("version", kol_json_get_int(data, "version", 0), 2);
    check_str("source", kol_json_get_str(data, "transcript_source"), "offline");
    check_int("no_speech", kol_json_get_bool(data, "no_speech", true), false);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        check_true(fields[i], json_object_get(c, fields[i]));
    check_true("unknown is null", json_is_null(json_object_get(c, "duration")));
    check_str("withheld", kol_json_get_str(c, "from_number"), "");
    check_str("words", kol_json_get_str(c, "final_transcript"), call.final_transcript);
    check_int("lead", kol_json_get_int(json_object_get(data, "lead"), "id", 0), 79);
    check_int("turns", json_array_size(turns), 2);
    check_str("speaker", kol_json_get_str(json_array_get(turns, 0), "speaker"), "customer");
    check_int("start", kol_json_get_int(json_array_get(turns, 0), "start_ms", -1), 100);
    check_str("broken text", kol_json_get_str(json_array_get(turns, 1), "text"), "\ufffd?");
}

static void test_payload_without_words(void **state)
{
    const struct kol_call quiet = {
        .call_sid = "CA1", .final_transcript = "", .extraction_confidence = -1};
    const struct kol_payload p = {.type = "call.completed", .version = 1, .call = &quiet};
    KOL_ARENA a = kol_arena_new(0);
    KOL_JSON json = parse(kol_payload_text(a, &p));
    const json_t *data = json_object_get(json, "data");

    (void)state;
    check_int("no_speech", kol_json_get_bool(data, "no_speech", false), true);
    check_str("source", kol_json_get_str(data, "transcript_source"), "none");
    check_int("turns", json_array_size(json_object_get(data, "transcript")), 0);
    check_true("lead", json_is_null(json_object_get(data, "lead")));
}

static void test_realtime_turns(void **state)
{
    KOL_JSON turns = kol_payload_turns_of_text(
        "Customer: I need a locksmith: now\nAgent: Where?\n\nsomebody\nAgent: ");

    (void)state;
    check_int("count", json_array_size(turns), 3);
    check_str("who", kol_json_get_str(json_array_get(turns, 0), "speaker"), "customer");
    check_str("what", kol_json_get_str(json_array_get(turns, 0), "text"),
              "I need a locksmith: now");
    check_true("when", json_is_null(json_object_get(json_array_get(turns, 0), "start_ms")));
    check_str("who", kol_json_get_str(json_array_get(turns, 1), "speaker"), "agent");
    check_str("unnamed", kol_json_get_str(json_array_get(turns, 2), "speaker"), "speaker");
    KOL_JSON none = kol_payload_turns_of_text(NULL);
    check_int("none", json_array_size(none), 0);
}

static void test_schedule(void **state)
{
    static const int64_t expected_s[] = {5,     300,   1800,  7200,  18000,
                                         36000, 50400, 72000, 86400, 86400};

    (void)state;
    for (int i = 0; i < 10; i++) {
        for (int tries = 0; tries < 50; tries++) {
            int64_t ms = kol_webhook_delay_ms(i + 1);
            check_true("within a tenth", ms >= expected_s[i] * 900 && ms <= expected_s[i] * 1100);
        }
    }
}

static void test_statuses(void **state)
{
    static const struct {
        int status;
        enum kol_code code;
    } rows[] = {
        {200, KOL_OK},          {204, KOL_OK},          {301, KOL_HTTP_STATUS},
        {307, KOL_HTTP_STATUS}, {400, KOL_HTTP_STATUS}, {401, KOL_HTTP_STATUS},
        {404, KOL_HTTP_STATUS}, {410, KOL_GONE},        {429, KOL_RATE_LIMITED},
        {500, KOL_HTTP_STATUS}, {504, KOL_NET_TIMEOUT}, {100, KOL_HTTP_STATUS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_str("status", kol_code_name(kol_webhook_status_code(rows[i].status)),
                  kol_code_name(rows[i].code));
}

static void test_urls(void **state)
{
    static const char *const mine[] = {"crm.lan"};
    const struct kol_conf conf = {.allow_private_hosts = {1, mine}};
    static const struct {
        const char *url;
        enum kol_code code;
    } rows[] = {
        {"https://crm.example.com/hook", KOL_OK},
        {"http://crm.lan/hook", KOL_OK},
        {"http://crm.example.com/hook", KOL_BLOCKED_ADDRESS},
        {"https://127.0.0.1/hook", KOL_BLOCKED_ADDRESS},
        {"https://[::1]/hook", KOL_BLOCKED_ADDRESS},
        {"file:///etc/passwd", KOL_BAD_INPUT},
        {"https://user:pass@crm.example.com/", KOL_BAD_INPUT},
        {"", KOL_BAD_INPUT},
        {NULL, KOL_BAD_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_err err;
        check_code(rows[i].url, kol_deliver_check_url(&conf, rows[i].url, &err), rows[i].code,
                   &err);
    }
}

static void test_sample(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    KOL_JSON json = parse(kol_payload_sample(a, 7, 1774376140123));

    (void)state;
    check_str("type", kol_json_get_str(json, "type"), "call.test");
    check_true("small", strlen(kol_payload_sample(a, 7, 1)) < 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vector),
        cmocka_unit_test(test_several_secrets),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_payload_without_words),
        cmocka_unit_test(test_realtime_turns),
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
