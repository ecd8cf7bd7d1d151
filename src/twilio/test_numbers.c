/* Numbers of an account: what is read of them, and what is said about how they are set up. Asking
 * and changing is tested against the simulator (tests/test_twilio_cli.py). */
#include "base/cleanup.h"
#include "base/test.h"
#include "twilio/numbers.h"

#define AC "AC00000000000000000000000000000001"
#define PN "PN00000000000000000000000000000002"
#define AP "AP00000000000000000000000000000003"
#define TK "TK00000000000000000000000000000004"
#define HOST "https://kol.example.com"
#define CALLBACK HOST "/webhook/call_status?kol=7.abc"
#define RETRIES "#rc=5&rp=5xx,ct,rt"
#define WANTED CALLBACK RETRIES
#define VOICE "https://shop.example.com/voice"

static json_t *parse(const char *text)
{
    struct kol_err err;
    json_t *json = NULL;

    check_ok(text, kol_json_parse(text, strlen(text), &json, &err), &err);
    return json;
}

static void test_read(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    KOL_JSON full =
        parse("{\"sid\":\"" PN "\",\"account_sid\":\"" AC "\",\"phone_number\":\"+97237654321\","
              "\"voice_url\":\"" VOICE "\",\"status_callback\":\"" WANTED "\","
              "\"status_callback_method\":\"POST\",\"voice_application_sid\":\"" AP "\","
              "\"trunk_sid\":null}");
    KOL_JSON empty =
        parse("{\"sid\":\"" PN "\",\"account_sid\":\"" AC "\",\"phone_number\":\"+1\","
              "\"voice_url\":\"\",\"status_callback\":\"\",\"voice_application_sid\":\"\","
              "\"trunk_sid\":\"x\"}");
    struct kol_rest_number n;
    struct kol_err err;

    (void)state;
    check_ok("full", kol_rest_number_read(a, full, &n, &err), &err);
    check_str("full", n.number, "+97237654321");
    check_str("full", n.status_callback, WANTED);
    check_str("full", n.application_sid, AP);
    check_str("full", n.trunk_sid, NULL);
    check_ok("empty", kol_rest_number_read(a, empty, &n, &err), &err);
    check_str("empty", n.voice_url, NULL);
    check_str("empty", n.status_callback, NULL);
    check_str("empty", n.application_sid, NULL);
    check_str("empty", n.trunk_sid, NULL);
}

static void test_no_number(void **state)
{
    static const char *const rows[] = {
        "[]",
        "{}",
        "{\"sid\":\"" PN "\",\"account_sid\":\"" AC "\"}",
        "{\"sid\":\"" PN "\",\"account_sid\":\"" AC "\",\"phone_number\":\"\"}",
        "{\"sid\":\"PN1\",\"account_sid\":\"" AC "\",\"phone_number\":\"+1\"}",
        "{\"sid\":\"" PN "\",\"account_sid\":7,\"phone_number\":\"+1\"}",
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        KOL_JSON json = parse(rows[i]);
        struct kol_rest_number n;
        struct kol_err err;
        check_code(rows[i], kol_rest_number_read(a, json, &n, &err), KOL_BAD_INPUT, &err);
    }
}

/* The codes of all remarks, "!" before what is wrong. */
static const char *said(struct kol_arena *a, const struct kol_number_remarks *r)
{
    const char *all = "";

    for (size_t i = 0; i < r->count; i++)
        all = kol_arena_fmt(a, "%s%s%s%s", all, i ? " " : "", r->items[i].wrong ? "!" : "",
                            r->items[i].code);
    return all;
}

static void test_callbacks(void **state)
{
    static const struct {
        const char *callback, *said;
    } rows[] = {
        {WANTED, ""},
        {CALLBACK "#rp=all&rc=1", ""},
        {CALLBACK "&shop=3#rc=2&rp=rt,4xx,5xx,ct&rt=4000", ""},
        {"https://kol.example.com:443/webhook/call_status?kol=7.abc" RETRIES, ""},
        {NULL, "!status_callback_missing"},
        {CALLBACK, "!status_callback_retries"},
        {CALLBACK "#rc=0&rp=all", "!status_callback_retries"},
        {CALLBACK "#rc=5", "!status_callback_retries"},
        {CALLBACK "#rc=5&rp=5xx,ct", "!status_callback_retries"},
        {CALLBACK "#rc=5&rp=5xx,ctx,rt", "!status_callback_retries"},
        {HOST "/webhook/call_status" RETRIES, "!status_callback_no_token"},
        {HOST "/webhook/call_status?kol=8.abc" RETRIES, "!status_callback_token"},
        {HOST "/webhook/call_status?kol=7.abc&kol=7.abc" RETRIES, "!status_callback_no_token"},
        {HOST "/webhook/recording_status?kol=7.abc" RETRIES, "!status_callback_path"},
        {"http://kol.example.com/webhook/call_status?kol=7.abc" RETRIES, "!status_callback_http"},
        {"https://kol.example.com:8443/webhook/call_status?kol=7.abc", "!status_callback_host"},
        {"https://kol.example.com.evil.example/x", "!status_callback_host"},
        {"http://other.example.com/", "!status_callback_http !status_callback_host"},
        {"https://kol.example.com@evil.example/webhook/call_status?kol=7.abc" RETRIES,
         "!status_callback_host"},
        {"https://u:p@kol.example.com/webhook/call_status?kol=7.abc" RETRIES,
         "!status_callback_user"},
        {HOST "/x", "!status_callback_path !status_callback_no_token !status_callback_retries"},
        {"kol.example.com", "!status_callback_unreadable"},
        {"https://", "!status_callback_unreadable"},
        {"#", "!status_callback_unreadable"},
        {"://@#?", "!status_callback_unreadable"},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        const struct kol_rest_number n = {.number = "+1",
                                          .voice_url = VOICE,
                                          .status_callback = rows[i].callback,
                                          .status_callback_method = "POST"};
        const char *row = rows[i].callback ? rows[i].callback : "none";
        struct kol_number_remarks remarks;
        struct kol_err err;
        check_ok(row, kol_number_check(a, &n, WANTED, &remarks, &err), &err);
        check_str(row, said(a, &remarks), rows[i].said);
        check_int(row, kol_number_is_wrong(&remarks), *rows[i].said != '\0');
        check_int(row, kol_number_is_mendable(&remarks), *rows[i].said != '\0');
    }
}

static void test_the_rest(void **state)
{
    static const struct {
        const char *row;
        struct kol_rest_number n;
        const char *said;
    } rows[] = {
        {"nobody answers",
         {.status_callback = WANTED, .status_callback_method = "POST"},
         "!voice_url_missing"},
        {"nothing", {0}, "!voice_url_missing !status_callback_missing"},
        {"GET",
         {.voice_url = VOICE, .status_callback = WANTED, .status_callback_method = "GET"},
         "status_callback_method"},
        {"http",
         {.voice_url = "HTTP://shop.example.com/", .status_callback = WANTED},
         "!voice_url_http"},
        {"a callback as voice URL",
         {.voice_url = HOST "/webhook/handle_recording", .status_callback = WANTED},
         "!voice_url_kol"},
        {"an application", {.application_sid = AP}, "application"},
        {"a trunk", {.trunk_sid = TK, .status_callback = "http://x"}, "trunk"},
    };
    KOL_ARENA a = kol_arena_new(0);
    struct kol_number_remarks remarks;
    struct kol_err err;

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        check_ok(rows[i].row, kol_number_check(a, &rows[i].n, WANTED, &remarks, &err), &err);
        check_str(rows[i].row, said(a, &remarks), rows[i].said);
    }
    check_code("public_url", kol_number_check(a, &rows[0].n, "kol", &remarks, &err), KOL_BAD_CONFIG,
               &err);
}

/* A public_url may be http on a loopback port, or carry a user name. */
static void test_other_public_urls(void **state)
{
    static const char *const same[] = {
        "http://127.0.0.1:8080/webhook/call_status?kol=1.x" RETRIES,
        "https://u:p@kol.example.com/webhook/call_status?kol=1.x" RETRIES};
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(same); i++) {
        const struct kol_rest_number n = {.voice_url = VOICE, .status_callback = same[i]};
        struct kol_number_remarks remarks;
        struct kol_err err;
        check_ok(same[i], kol_number_check(a, &n, same[i], &remarks, &err), &err);
        check_str(same[i], said(a, &remarks), "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_no_number),
        cmocka_unit_test(test_callbacks),
        cmocka_unit_test(test_the_rest),
        cmocka_unit_test(test_other_public_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
