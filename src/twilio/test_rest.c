/* What is read from Twilio's resources; asking is tested against the simulator
 * (tests/test_fetch.py). */
#include "base/test.h"
#include "twilio/rest.h"

#define AC "AC00000000000000000000000000000001"
#define CA "CA00000000000000000000000000000002"
#define RE "RE00000000000000000000000000000003"
#define CR "CR00000000000000000000000000000004"
#define IDS "\"sid\":\"" RE "\",\"account_sid\":\"" AC "\",\"call_sid\":\"" CA "\""

static json_t *parse(const char *text)
{
    struct kol_err err;
    json_t *json = NULL;

    check_ok(text, kol_json_parse(text, strlen(text), &json, &err), &err);
    return json;
}

static void test_recording(void **state)
{
    static const struct {
        const char *json, *status, *given;
        int64_t seconds;
        int channels;
        int64_t error_code;
    } rows[] = {
        {"{" IDS
         ",\"status\":\"completed\",\"duration\":\"13\",\"channels\":2,\"error_code\":null}",
         "completed", "13", 13, 2, 0},
        {"{" IDS ",\"status\":\"processing\",\"duration\":\"-1\",\"channels\":1}", "processing",
         "-1", -1, 1, 0},
        {"{" IDS ",\"status\":\"in-progress\",\"duration\":null,\"channels\":\"2\"}", "in-progress",
         "null", -1, 2, 0},
        {"{" IDS ",\"status\":\"absent\",\"error_code\":16101,\"channels\":7}", "absent", "missing",
         -1, 0, 16101},
        {"{" IDS "}", NULL, "missing", -1, 0, 0},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_JSON json = parse(rows[i].json);
        struct kol_rest_recording r;
        struct kol_err err;
        check_ok(rows[i].json, kol_rest_recording_read(a, json, &r, &err), &err);
        check_str(rows[i].json, r.recording_sid, RE);
        check_str(rows[i].json, r.status, rows[i].status);
        check_str(rows[i].json, r.duration.given, rows[i].given);
        check_int(rows[i].json, r.duration.seconds, rows[i].seconds);
        check_int(rows[i].json, r.channels, rows[i].channels);
        check_int(rows[i].json, r.error_code, rows[i].error_code);
    }
}

/* Twilio's reference, its guide and its callbacks do not agree on the names. */
static void test_encryption(void **state)
{
    static const char *const names[][3] = {
        {"encryption_public_key_sid", "encryption_cek", "encryption_iv"},
        {"encryption_public_key_sid", "encryption_cek", "iv"},
        {"public_key_sid", "encrypted_cek", "iv"},
    };
    static const char cr[] = "CR00000000000000000000000000000004";
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = kol_arena_fmt(
            a, "{" IDS ",\"encryption_details\":{\"%s\":\"%s\",\"%s\":\"Y2Vr\",\"%s\":\"aXY=\"}}",
            names[i][0], cr, names[i][1], names[i][2]);
        KOL_JSON json = parse(text);
        struct kol_rest_recording r;
        struct kol_err err;
        check_ok(text, kol_rest_recording_read(a, json, &r, &err), &err);
        check_true(text, r.encrypted);
        check_str(text, r.public_key_sid, cr);
        check_str(text, r.encrypted_cek, "Y2Vr");
        check_str(text, r.iv, "aXY=");
    }
}

static void test_where_and_how(void **state)
{
    static const struct {
        const char *json, *media_url, *sid, *cek, *iv;
        bool encrypted;
    } rows[] = {
        {"{" IDS ",\"media_url\":\"https://b.example/1?x=y\",\"encryption_details\":null}",
         "https://b.example/1?x=y", NULL, NULL, NULL, false},
        {"{" IDS ",\"media_url\":null,\"encryption_details\":{}}", NULL, NULL, NULL, NULL, false},
        {"{" IDS ",\"encryption_details\":{\"encryption_public_key_sid\":\"" CR
         "\",\"encryption_cek\":\"a\",\"encryption_iv\":\"b\"}}",
         NULL, CR, "a", "b", true},
        {"{" IDS ",\"encryption_details\":{\"public_key_sid\":\"" CR
         "\",\"encrypted_cek\":\"a\",\"iv\":\"b\",\"type\":\"rsa-aes\"}}",
         NULL, CR, "a", "b", true},
        {"{" IDS ",\"encryption_details\":{\"public_key_sid\":7,\"iv\":[]}}", NULL, NULL, NULL,
         NULL, true},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_JSON json = parse(rows[i].json);
        struct kol_rest_recording r;
        struct kol_err err;
        check_ok(rows[i].json, kol_rest_recording_read(a, json, &r, &err), &err);
        check_str(rows[i].json, r.media_url, rows[i].media_url);
        check_int(rows[i].json, r.encrypted, rows[i].encrypted);
        check_str(rows[i].json, r.public_key_sid, rows[i].sid);
        check_str(rows[i].json, r.encrypted_cek, rows[i].cek);
        check_str(rows[i].json, r.iv, rows[i].iv);
    }
}

static void test_no_resource(void **state)
{
    static const char *const rows[] = {
        "[]",
        "null",
        "\"x\"",
        "{}",
        "{\"sid\":\"" RE "\"}",
        "{\"sid\":\"RE1\",\"account_sid\":\"" AC "\"}",
        "{\"code\":20404,\"message\":\"not found\",\"status\":404}",
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_JSON json = parse(rows[i]);
        struct kol_rest_recording r;
        struct kol_rest_recordings list;
        struct kol_rest_call call;
        struct kol_err err;
        check_code(rows[i], kol_rest_recording_read(a, json, &r, &err), KOL_BAD_INPUT, &err);
        check_code(rows[i], kol_rest_recordings_read(a, json, &list, &err), KOL_BAD_INPUT, &err);
        check_code(rows[i], kol_rest_call_read(a, json, &call, &err), KOL_BAD_INPUT, &err);
    }
}

static void test_list_and_call(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    KOL_JSON json =
        parse("{\"recordings\":[{" IDS ",\"status\":\"deleted\"},{" IDS "}],\"page\":0}");
    KOL_JSON none = parse("{\"recordings\":[]}");
    KOL_JSON call_json =
        parse("{\"sid\":\"" CA "\",\"account_sid\":\"" AC "\",\"from\":\"+97250\",\"to\":\"\","
              "\"direction\":\"outbound-api\",\"status\":\"completed\",\"end_time\":"
              "\"Tue, 24 Mar 2026 18:15:40 +0000\",\"start_time\":null}");
    struct kol_rest_recordings list;
    struct kol_rest_call call;
    struct kol_err err;

    (void)state;
    check_ok("list", kol_rest_recordings_read(a, json, &list, &err), &err);
    check_int("list", list.count, 2);
    check_str("list", list.items[0].status, "deleted");
    check_ok("empty", kol_rest_recordings_read(a, none, &list, &err), &err);
    check_int("empty", list.count, 0);
    check_ok("call", kol_rest_call_read(a, call_json, &call, &err), &err);
    check_str("from", call.from, "+97250");
    check_str("to", call.to, "");
    check_int("ended", call.ended_at_ms, 1774376140000);
    check_int("started", call.started_at_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recording), cmocka_unit_test(test_encryption),
        cmocka_unit_test(test_where_and_how), cmocka_unit_test(test_no_resource),
        cmocka_unit_test(test_list_and_call)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
