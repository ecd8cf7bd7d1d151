/* test_api.c - playback as the table says, links, and who sees what. */
#include "base/json.h"
#include "serve/test_server.h"

static struct test_server t;
static const char *const file = "/api/recordings/" TEST_CALL "/file";

static int start(void **state)
{
    (void)state;
    test_server_start(&t);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    test_server_stop(&t);
    return 0;
}

static int get(const char *target, const char *key, struct test_answer *a)
{
    return test_ask(&t, "GET", target, key, NULL, NULL, a);
}

static int64_t jobs_of(const char *sid)
{
    struct test_answer a;
    char target[128];

    snprintf(target, sizeof target, "/api/jobs?call_sid=%s", sid);
    check_int(target, get(target, t.operator_key, &a), 200);
    json_t *json = json_loads(a.body, 0, NULL);
    int64_t count = (int64_t)json_array_size(json_object_get(json, "jobs"));
    json_decref(json);
    return count;
}

/* ---- playback ---- */

static void test_whole_file(void **state)
{
    unsigned char expected[TEST_AUDIO_BYTES];
    struct test_answer a;

    (void)state;
    test_audio(expected, sizeof expected);
    check_int("GET", get(file, t.key[0], &a), 200);
    check_int("length", a.body_len, sizeof expected);
    check_int("bytes", memcmp(a.body, expected, sizeof expected), 0);
    check_str("type", test_header(&a, "Content-Type"), "audio/mpeg");
    check_str("ranges", test_header(&a, "Accept-Ranges"), "bytes");
    check_int("HEAD", test_ask(&t, "HEAD", file, t.key[0], NULL, NULL, &a), 200);
    check_str("length", test_header(&a, "Content-Length"), "1000");
    check_int("no body", a.body_len, 0);
}

static void test_ranges(void **state)
{
    static const struct {
        const char *range;
        int status;
        size_t len;
        const char *content_range;
    } rows[] = {
        {"bytes=0-0", 206, 1, "bytes 0-0/1000"},
        {"bytes=0-1", 206, 2, "bytes 0-1/1000"},
        {"bytes=-100", 206, 100, "bytes 900-999/1000"},
        {"bytes=5-", 206, 995, "bytes 5-999/1000"},
        {"bytes=990-5000", 206, 10, "bytes 990-999/1000"},
        {"bytes=1000-", 416, 0, "bytes */1000"},
        {"bytes=9-5", 200, 1000, NULL},
        {"bytes=0-1,5-6", 200, 1000, NULL},
    };
    unsigned char expected[TEST_AUDIO_BYTES];
    struct test_answer a;

    (void)state;
    test_audio(expected, sizeof expected);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[64];
        snprintf(header, sizeof header, "Range: %s\r\n", rows[i].range);
        check_int(rows[i].range, test_ask(&t, "GET", file, t.key[0], header, NULL, &a),
                  rows[i].status);
        check_str(rows[i].range, test_header(&a, "Content-Range"), rows[i].content_range);
        if (rows[i].status != 416)
            check_int(rows[i].range, a.body_len, rows[i].len);
    }
    test_ask(&t, "GET", file, t.key[0], "Range: bytes=990-\r\n", NULL, &a);
    check_int("the right bytes", memcmp(a.body, expected + 990, 10), 0);
    check_int("HEAD", test_ask(&t, "HEAD", file, t.key[0], "Range: bytes=5-9\r\n", NULL, &a), 206);
    check_str("HEAD", test_header(&a, "Content-Length"), "5");
}

static void test_conditions(void **state)
{
    struct test_answer a;
    char tag[128], date[64], headers[256];

    (void)state;
    get(file, t.key[0], &a);
    snprintf(tag, sizeof tag, "%.127s", test_header(&a, "ETag"));
    snprintf(date, sizeof date, "%.63s", test_header(&a, "Last-Modified"));
    snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", tag);
    check_int("the same", test_ask(&t, "GET", file, t.key[0], headers, NULL, &a), 304);
    check_int("no body", a.body_len, 0);
    check_int("another", test_ask(&t, "GET", file, t.key[0], "If-None-Match: \"x\"\r\n", NULL, &a),
              200);
    snprintf(headers, sizeof headers, "Range: bytes=0-0\r\nIf-Range: %s\r\n", tag);
    check_int("If-Range", test_ask(&t, "GET", file, t.key[0], headers, NULL, &a), 206);
    snprintf(headers, sizeof headers, "Range: bytes=0-0\r\nIf-Range: %s\r\n", date);
    check_int("If-Range by date", test_ask(&t, "GET", file, t.key[0], headers, NULL, &a), 206);
    check_int(
        "If-Range of another",
        test_ask(&t, "GET", file, t.key[0], "Range: bytes=0-0\r\nIf-Range: \"x\"\r\n", NULL, &a),
        200);
}

static void test_not_here_yet(void **state)
{
    static const char waiting[] = "/api/recordings/" TEST_WAITING "/file";
    struct test_answer a;

    (void)state;
    check_int("no job", jobs_of(TEST_WAITING), 0);
    for (int i = 0; i < 5; i++) {
        check_int("HEAD", test_ask(&t, "HEAD", waiting, t.key[0], NULL, NULL, &a), 202);
        check_str("HEAD", test_header(&a, "Retry-After"), "2");
    }
    check_int("GET", get(waiting, t.key[0], &a), 202);
    check_has("GET", a.body, "\"status\":\"preparing\"");
    check_int("download", get("/api/calls/" TEST_WAITING "/download", t.key[0], &a), 202);
    check_int(
        "prepare",
        test_ask(&t, "POST", "/api/recordings/" TEST_WAITING "/prepare", t.key[0], NULL, "", &a),
        202);
    check_int("one job", jobs_of(TEST_WAITING), 1);
}

static void test_no_recording(void **state)
{
    static const char unknown[] = "/api/recordings/CAffffffffffffffffffffffffffffffff/file";
    struct test_answer a;

    (void)state;
    check_int("unknown call", get(unknown, t.operator_key, &a), 404);
    check_int("unknown call", test_ask(&t, "HEAD", unknown, t.operator_key, NULL, NULL, &a), 404);
    check_true("no retry", test_header(&a, "Retry-After") == NULL);
    check_int("no recording", get("/api/recordings/" TEST_BARE "/file", t.key[0], &a), 404);
    check_int("prepare",
              test_ask(&t, "POST", "/api/recordings/" TEST_BARE "/prepare", t.key[0], NULL, "", &a),
              404);
    check_int("no job", jobs_of(TEST_BARE), 0);
}

static void set_state(const char *sid, enum kol_fetch_state state, const char *reason,
                      int64_t in_ms);

static void test_given_up_for_now(void **state)
{
    static const char waiting[] = "/api/recordings/" TEST_WAITING "/file";
    struct test_answer a;

    (void)state;
    set_state(TEST_WAITING, KOL_FETCH_GIVEN_UP, "Twilio has no audio yet", 300000);
    check_int("given up", get(waiting, t.key[0], &a), 503);
    check_has("reason", a.body, "Twilio has no audio yet");
    const char *after = test_header(&a, "Retry-After");
    check_true("next try",
               after && strtol(after, NULL, 10) > 250 && strtol(after, NULL, 10) <= 300);
    set_state(TEST_WAITING, KOL_FETCH_REFUSED, "credentials refused", 0);
    check_int("refused", get(waiting, t.key[0], &a), 503);
    check_has("reason", a.body, "credentials refused");
    set_state(TEST_WAITING, KOL_FETCH_GONE, "deleted at Twilio", 0);
    check_int("gone", get(waiting, t.key[0], &a), 404);
    set_state(TEST_WAITING, KOL_FETCH_WAITING, NULL, 0);
}

struct new_state {
    const char *sid, *reason;
    enum kol_fetch_state state;
    int64_t next_at_ms;
};

static enum kol_code save_state(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct new_state *s = arg;
    struct kol_call *call = NULL;
    KOL_ARENA a = kol_arena_new(0);

    test_ok(kol_call_by_sid(db, a, s->sid, &call, err), err);
    return kol_call_set_fetch_state(db, call->id, s->state, s->reason, s->next_at_ms, kol_wall_ms(),
                                    err);
}

static void set_state(const char *sid, enum kol_fetch_state state, const char *reason,
                      int64_t in_ms)
{
    struct new_state s = {sid, reason, state, in_ms ? kol_wall_ms() + in_ms : 0};
    struct kol_err err = {0};

    test_ok(kol_write(t.writer, save_state, &s, &err), &err);
}

static void test_attachment(void **state)
{
    struct test_answer a;

    (void)state;
    check_int("GET", get("/api/calls/" TEST_CALL "/download", t.key[0], &a), 200);
    check_str("name", test_header(&a, "Content-Disposition"),
              "attachment; filename=\"" TEST_CALL ".mp3\"");
    check_int("length", a.body_len, TEST_AUDIO_BYTES);
}

/* ---- links and other sites ---- */

static void link_of(const char *sid, const char *key, char *ret, size_t size)
{
    struct test_answer a;
    char target[128];

    snprintf(target, sizeof target, "/api/recordings/%s/link", sid);
    check_int(target, test_ask(&t, "POST", target, key, NULL, "", &a), 200);
    json_t *json = json_loads(a.body, 0, NULL);
    snprintf(ret, size, "%s", json_string_value(json_object_get(json, "path")));
    check_has("url", json_string_value(json_object_get(json, "url")),
              "https://kol.example.com/api/");
    json_decref(json);
}

static void test_links(void **state)
{
    struct test_answer a;
    char link[256], changed[256];

    (void)state;
    link_of(TEST_CALL, t.key[0], link, sizeof link);
    check_int("GET", get(link, NULL, &a), 200);
    check_int("HEAD", test_ask(&t, "HEAD", link, NULL, NULL, NULL, &a), 200);
    check_int("POST", test_ask(&t, "POST", link, NULL, NULL, "", &a), 405);
    check_str("embedded", test_header(&a, "Access-Control-Allow-Origin"), NULL);

    snprintf(changed, sizeof changed, "/api/recordings/%s%s", TEST_FOREIGN, strstr(link, "/file"));
    check_int("another call", get(changed, NULL, &a), 403);
    snprintf(changed, sizeof changed, "%s", link);
    char *last = changed + strlen(changed) - 1;
    *last = *last == 'A' ? 'B' : 'A';
    /* The last character carries only some bits: change an inner one, too. */
    last[-5] = last[-5] == 'A' ? 'B' : 'A';
    check_int("another signature", get(changed, NULL, &a), 403);
    check_int("over", get("/api/recordings/" TEST_CALL "/file?exp=1&sig=x", NULL, &a), 403);
    check_int("foreign link",
              test_ask(&t, "POST", "/api/recordings/" TEST_FOREIGN "/link", t.key[0], NULL, "", &a),
              404);
}

static void test_other_sites(void **state)
{
    static const char listed[] = "Origin: https://crm.example.com\r\n";
    struct test_answer a;
    char link[256];

    (void)state;
    link_of(TEST_CALL, t.key[0], link, sizeof link);
    check_int("GET", test_ask(&t, "GET", link, NULL, listed, NULL, &a), 200);
    check_str("allowed", test_header(&a, "Access-Control-Allow-Origin"), "https://crm.example.com");
    check_has("exposed", test_header(&a, "Access-Control-Expose-Headers"), "Content-Range");
    check_int("preflight",
              test_ask(&t, "OPTIONS", file, NULL,
                       "Origin: https://crm.example.com\r\nAccess-Control-Request-Method: GET\r\n"
                       "Access-Control-Request-Headers: range\r\n",
                       NULL, &a),
              204);
    check_has("preflight", test_header(&a, "Access-Control-Allow-Headers"), "Range");
    check_int("stranger",
              test_ask(&t, "GET", link, NULL, "Origin: https://evil.example\r\n", NULL, &a), 200);
    check_str("stranger", test_header(&a, "Access-Control-Allow-Origin"), NULL);
    check_int("look-alike",
              test_ask(&t, "GET", link, NULL, "Origin: https://crm.example.com.evil\r\n", NULL, &a),
              200);
    check_str("look-alike", test_header(&a, "Access-Control-Allow-Origin"), NULL);
    check_int("error",
              test_ask(&t, "GET", "/api/recordings/" TEST_CALL "/file?exp=1&sig=x", NULL, listed,
                       NULL, &a),
              403);
    check_str("errors can be read", test_header(&a, "Access-Control-Allow-Origin"),
              "https://crm.example.com");
}

/* ---- who sees what ---- */

static void test_foreign_ids_are_not_there(void **state)
{
    static const struct {
        const char *method, *target;
    } rows[] = {
        {"GET", "/api/calls/" TEST_FOREIGN},
        {"GET", "/api/recordings/" TEST_FOREIGN "/file"},
        {"HEAD", "/api/recordings/" TEST_FOREIGN "/file"},
        {"POST", "/api/recordings/" TEST_FOREIGN "/prepare"},
        {"GET", "/api/calls/" TEST_FOREIGN "/download"},
        {"POST", "/api/calls/" TEST_FOREIGN "/trigger"},
        {"GET", "/api/calls?business_id=2"},
        {"GET", "/api/businesses/2"},
    };
    struct test_answer a;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *body = rows[i].method[0] == 'P' ? "" : NULL;
        check_int(rows[i].target,
                  test_ask(&t, rows[i].method, rows[i].target, t.key[0], NULL, body, &a), 404);
        check_int(rows[i].target,
                  test_ask(&t, rows[i].method, rows[i].target, NULL, NULL, body, &a), 401);
    }
    char lead[64];
    snprintf(lead, sizeof lead, "/api/leads/%lld", (long long)t.lead);
    check_int("lead", get(lead, t.key[1], &a), 404);
    check_int("lead", test_ask(&t, "PATCH", lead, t.key[1], JSON_HEADER, "{\"city\":\"x\"}", &a),
              404);
}

static void test_calls(void **state)
{
    struct test_answer a;

    (void)state;
    check_int("list", get("/api/calls", t.key[0], &a), 200);
    check_has("own", a.body, TEST_CALL);
    check_true("foreign", strstr(a.body, TEST_FOREIGN) == NULL);
    check_int("operator", get("/api/calls", t.operator_key, &a), 200);
    check_has("operator", a.body, TEST_FOREIGN);
    check_int("number", get("/api/calls?number=050-123", t.key[0], &a), 200);
    check_has("number", a.body, TEST_CALL);
    check_int("other number", get("/api/calls?number=059", t.key[0], &a), 200);
    check_true("other number", strstr(a.body, TEST_CALL) == NULL);
    check_int("its day", get("/api/calls?date=2026-03-24", t.key[0], &a), 200);
    check_has("its day", a.body, TEST_CALL);
    check_int("the day before", get("/api/calls?date=2026-03-23", t.key[0], &a), 200);
    check_true("the day before", strstr(a.body, TEST_CALL) == NULL);
    check_int("no day", get("/api/calls?date=2026-02-30", t.key[0], &a), 400);
    check_int("limit", get("/api/calls?limit=0", t.key[0], &a), 400);
    check_int("limit", get("/api/calls?limit=2", t.key[0], &a), 200);
    check_true("more", strstr(a.body, "\"next\":null") == NULL);
    check_int("one", get("/api/calls/" TEST_CALL, t.key[0], &a), 200);
    check_has("fields", a.body, "\"from_number\":\"+97250123456\"");
    check_has("fields", a.body, "\"duration\":60");
    check_has("unknown is null", a.body, "\"extraction_confidence\":null");
    check_has("parts", a.body, "\"segments\":[]");
}

static void test_lead_edits(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *has;
    } rows[] = {
        {"{\"city\":\"עפולה\"}", 200, "\"city_typed\":true"},
        {"{\"name\":\"<b>Dana</b>\",\"service_type\":\"plumber\"}", 200,
         "\"name\":\"<b>Dana</b>\""},
        {"{\"service_type\":null}", 200, "\"service_type_typed\":false"},
        {"{}", 400, "nothing to change"},
        {"[]", 400, "object"},
        {"{\"phone\":\"1\"}", 400, "only name"},
        {"{\"city\":7}", 400, "strings"},
        {"{\"city\":\"a\\u0000b\"}", 400, "error"},
        {"{\"city\":\"a\\nb\"}", 400, "one line"},
        {"{\"city\":", 400, "error"},
    };
    struct test_answer a;
    char lead[64];

    (void)state;
    snprintf(lead, sizeof lead, "/api/leads/%lld", (long long)t.lead);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_int(rows[i].body,
                  test_ask(&t, "PATCH", lead, t.key[0], JSON_HEADER, rows[i].body, &a),
                  rows[i].status);
        check_has(rows[i].body, a.body, rows[i].has);
    }
    check_int("stays", get(lead, t.key[0], &a), 200);
    check_has("stays", a.body, "\"city\":\"עפולה\"");
    check_int("no JSON", test_ask(&t, "PATCH", lead, t.key[0], NULL, "city=x", &a), 415);
    check_int("list", get("/api/leads", t.key[0], &a), 200);
    check_has("list", a.body, "+97250123456");
}

static void test_jobs(void **state)
{
    struct test_answer a;
    char target[64];

    (void)state;
    check_int(
        "prepare",
        test_ask(&t, "POST", "/api/recordings/" TEST_WAITING "/prepare", t.key[0], NULL, "", &a),
        202);
    check_int("list", get("/api/jobs?call_sid=" TEST_WAITING, t.key[0], &a), 200);
    json_t *json = json_loads(a.body, 0, NULL);
    json_t *job = json_array_get(json_object_get(json, "jobs"), 0);
    check_str("kind", json_string_value(json_object_get(job, "kind")), "download");
    snprintf(target, sizeof target, "/api/jobs/%lld",
             (long long)json_integer_value(json_object_get(job, "id")));
    json_decref(json);

    check_int("show", get(target, t.key[0], &a), 200);
    check_int("foreign", get(target, t.key[1], &a), 404);
    snprintf(target + strlen(target), 8, "/cancel");
    check_int("foreign", test_ask(&t, "POST", target, t.key[1], NULL, "", &a), 404);
    check_int("cancel", test_ask(&t, "POST", target, t.key[0], NULL, "", &a), 200);
    check_has("cancel", a.body, "\"state\":\"cancelled\"");
    check_int("again", test_ask(&t, "POST", target, t.key[0], NULL, "", &a), 409);
    snprintf(strrchr(target, '/'), 8, "/retry");
    check_int("retry", test_ask(&t, "POST", target, t.key[0], NULL, "", &a), 200);
    check_has("retry", a.body, "\"state\":\"ready\"");
}

static void test_trigger(void **state)
{
    struct test_answer a;

    (void)state;
    check_int("own",
              test_ask(&t, "POST", "/api/calls/" TEST_BARE "/trigger", t.key[0], NULL, "", &a),
              202);
    check_has("own", a.body, "\"status\":\"queued\"");
    check_int("unknown",
              test_ask(&t, "POST", "/api/calls/CAffffffffffffffffffffffffffffffff/trigger",
                       t.key[0], NULL, "", &a),
              404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_file),   cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_conditions),   cmocka_unit_test(test_not_here_yet),
        cmocka_unit_test(test_no_recording), cmocka_unit_test(test_given_up_for_now),
        cmocka_unit_test(test_attachment),   cmocka_unit_test(test_links),
        cmocka_unit_test(test_other_sites),  cmocka_unit_test(test_foreign_ids_are_not_there),
        cmocka_unit_test(test_calls),        cmocka_unit_test(test_lead_edits),
        cmocka_unit_test(test_jobs),         cmocka_unit_test(test_trigger),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
