/* test_http.c - framing, deadlines, who may ask, and answers that wait for a commit. */
#include "base/json.h"
#include "serve/test_server.h"
#include <pthread.h>

static struct test_server t;

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

static void test_liveness_is_open(void **state)
{
    struct test_answer a;

    (void)state;
    check_int("GET", test_ask(&t, "GET", "/healthz", NULL, NULL, NULL, &a), 200);
    check_has("body", a.body, "\"ok\"");
    check_str("nosniff", test_header(&a, "X-Content-Type-Options"), "nosniff");
    check_str("referrer", test_header(&a, "Referrer-Policy"), "no-referrer");
    check_true("csp", test_header(&a, "Content-Security-Policy") != NULL);
    check_int("HEAD", test_ask(&t, "HEAD", "/healthz", NULL, NULL, NULL, &a), 200);
    check_int("HEAD has no body", a.body_len, 0);
}

static void test_framing(void **state)
{
    static const struct {
        const char *label, *head;
        int least, most; /* 0 to 0: hangs up */
    } rows[] = {
        {"two lengths", "Host: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n", 400, 400},
        {"both", "Host: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400, 400},
        {"gzip", "Host: a\r\nTransfer-Encoding: gzip\r\n", 501, 501},
        {"two hosts", "Host: a\r\nHost: b\r\n", 400, 400},
        {"no host", "Accept: */*\r\n", 400, 400},
        {"blank before colon", "Host: a\r\nContent-Length : 4\r\n", 400, 400},
        {"too many bytes announced", "Host: a\r\nContent-Length: 99999999999\r\n", 413, 413},
        {"length is no number", "Host: a\r\nContent-Length: four\r\n", 400, 400},
    };
    struct test_answer a;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        snprintf(text, sizeof text, "POST /webhook/call_status HTTP/1.1\r\n%s\r\na=b\n",
                 rows[i].head);
        test_raw(&t, text, &a);
        if (a.status < rows[i].least || a.status > rows[i].most)
            fail_msg("[%s] status %d", rows[i].label, a.status);
    }
}

static void test_smuggled_request_is_not_answered(void **state)
{
    struct test_answer a;

    (void)state;
    test_raw(&t,
             "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\nTransfer-Encoding: "
             "chunked\r\n\r\n"
             "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
             &a);
    check_int("refused", a.status, 400);
    check_true("nothing follows", strstr(a.body, "HTTP/1.1") == NULL);
}

static void test_targets(void **state)
{
    struct test_answer a;

    (void)state;
    check_int("unknown", test_ask(&t, "GET", "/nothing", NULL, NULL, NULL, &a), 404);
    check_has("unknown", a.body, "{\"error\":{\"code\":\"not_found\"");
    check_int("dots",
              test_ask(&t, "GET", "/assets/../../etc/passwd", t.operator_key, NULL, NULL, &a), 404);
    check_int("sid with dots",
              test_ask(&t, "GET", "/api/calls/../../x", t.operator_key, NULL, NULL, &a), 404);
    check_int("absolute", test_ask(&t, "GET", "http://other/healthz", NULL, NULL, NULL, &a), 400);
    check_int("method", test_ask(&t, "DELETE", "/healthz", NULL, NULL, NULL, &a), 405);
    check_str("allow", test_header(&a, "Allow"), "GET, HEAD");
    check_int("NUL in the query", test_ask(&t, "GET", "/healthz?a=%00", NULL, NULL, NULL, &a), 400);
}

static void test_body_cap(void **state)
{
    static char body[200000];
    char head[256];
    struct test_answer a;
    int fd = test_connect(&t);

    (void)state;
    memset(body, 'x', sizeof body);
    snprintf(head, sizeof head,
             "POST /webhook/call_status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
             "Content-Length: %zu\r\n\r\n",
             sizeof body);
    test_send(fd, head, strlen(head));
    test_send(fd, body, sizeof body);
    test_receive(fd, &a);
    check_int("length", a.status, 413);
    check_has("length", a.body, "too_large");

    fd = test_connect(&t);
    snprintf(head, sizeof head,
             "POST /webhook/call_status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
             "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
             sizeof body);
    test_send(fd, head, strlen(head));
    test_send(fd, body, sizeof body);
    test_send(fd, "\r\n0\r\n\r\n", 7);
    test_receive(fd, &a);
    check_int("chunked", a.status, 413);
}

static void test_slow_headers_are_cut(void **state)
{
    int64_t begun_ms = kol_boot_ms();
    int fd = test_connect(&t);
    struct test_answer a;

    (void)state;
    test_send(fd, "GET /healthz HTTP/1.1\r\nHost: a\r\n", 32);
    while (kol_boot_ms() - begun_ms < 5000) { /* a byte now and then resets no deadline */
        if (send(fd, "X", 1, MSG_NOSIGNAL) < 0)
            break;
        kol_sleep_ms(100);
    }
    test_receive(fd, &a);
    check_int("cut", a.status, 0);
    check_true("in time", kol_boot_ms() - begun_ms < 4000);
}

static void test_keys(void **state)
{
    struct test_answer a;
    char wrong[KOL_KEY_TEXT];

    (void)state;
    check_int("none", test_ask(&t, "GET", "/api/me", NULL, NULL, NULL, &a), 401);
    check_true("how", test_header(&a, "WWW-Authenticate") != NULL);
    check_int("operator", test_ask(&t, "GET", "/api/me", t.operator_key, NULL, NULL, &a), 200);
    check_has("operator", a.body, "\"operator\":true");
    check_true("no secret", strstr(a.body, "whsec_") == NULL);
    check_int("business", test_ask(&t, "GET", "/api/me", t.key[0], NULL, NULL, &a), 200);
    check_has("business", a.body, "\"operator\":false");
    check_has("warning", a.body, "weak_hebrew_model");
    check_true("only its own", strstr(a.body, "Other") == NULL);
    kol_key_make(wrong);
    check_int("unknown key", test_ask(&t, "GET", "/api/me", wrong, NULL, NULL, &a), 401);
    check_int("no key", test_ask(&t, "GET", "/api/me", "kol_x", NULL, NULL, &a), 401);
    check_int("basic",
              test_ask(&t, "GET", "/api/me", NULL, "Authorization: Basic eDp5\r\n", NULL, &a), 401);
    check_int("proxy headers tell nothing",
              test_ask(&t, "GET", "/api/me", NULL,
                       "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n", NULL, &a),
              401);
}

static void test_health_needs_keys(void **state)
{
    struct test_answer a;

    (void)state;
    check_int("readyz", test_ask(&t, "GET", "/readyz", NULL, NULL, NULL, &a), 401);
    check_int("readyz", test_ask(&t, "GET", "/readyz", t.key[0], NULL, NULL, &a), 200);
    check_has("readyz", a.body, "\"intake\":{\"ready\":true}");
    check_has("engine", a.body, "\"engine\":");
    check_int("metrics", test_ask(&t, "GET", "/metrics", NULL, NULL, NULL, &a), 401);
    check_int("metrics", test_ask(&t, "GET", "/metrics", t.key[0], NULL, NULL, &a), 403);
    check_int("metrics", test_ask(&t, "GET", "/metrics", t.operator_key, NULL, NULL, &a), 200);
    check_has("metrics", a.body, "kol_commits_total");
    check_has("metrics", a.body, "route=\"/readyz\",method=\"GET\",status=\"2xx\"");
}

/* ---- sessions ---- */

static void cookie_of(const struct test_answer *a, char *ret, size_t size)
{
    const char *set = test_header(a, "Set-Cookie");
    if (!set)
        fail_msg("no cookie in: %s", a->head);
    snprintf(ret, size, "Cookie: %.*s\r\n", (int)strcspn(set, ";"), set);
}

static void log_in(char *ret_cookie, size_t size)
{
    struct kol_err err = {0};
    struct test_answer a;
    char link[256], body[256];

    test_ok(kol_serve_login_link(t.serve, link, sizeof link, &err), &err);
    snprintf(body, sizeof body, "{\"token\":\"%s\"}", strstr(link, "token=") + 6);
    check_int("first use", test_ask(&t, "POST", "/login", NULL, JSON_HEADER, body, &a), 200);
    check_has("cookie", a.head, "HttpOnly; SameSite=Strict");
    check_true("http here", strstr(a.head, "Secure") == NULL);
    cookie_of(&a, ret_cookie, size);
    check_int("second use", test_ask(&t, "POST", "/login", NULL, JSON_HEADER, body, &a), 401);
}

static void test_session(void **state)
{
    char cookie[256], headers[512];
    struct test_answer a;

    (void)state;
    log_in(cookie, sizeof cookie);
    check_int("session", test_ask(&t, "GET", "/api/me", NULL, cookie, NULL, &a), 200);
    check_int("plain", test_ask(&t, "GET", "/", NULL, cookie, NULL, &a), 200);
    check_has("plain", a.body, "<!doctype html>");
    snprintf(headers, sizeof headers, "%sAccept-Encoding: gzip\r\n", cookie);
    check_int("page", test_ask(&t, "GET", "/", NULL, headers, NULL, &a), 200);
    check_str("gzip", test_header(&a, "Content-Encoding"), "gzip");
    check_has("csp", test_header(&a, "Content-Security-Policy"), "script-src 'self'");
    snprintf(headers, sizeof headers, "%sIf-None-Match: *\r\n", cookie);
    check_int("kept page", test_ask(&t, "GET", "/", NULL, headers, NULL, &a), 304);
    check_has("kept page", test_header(&a, "Content-Security-Policy"), "script-src 'self'");
    check_int("asset", test_ask(&t, "GET", "/assets/calls.js", NULL, cookie, NULL, &a), 200);

    check_int("no origin", test_ask(&t, "POST", "/logout", NULL, cookie, "", &a), 403);
    snprintf(headers, sizeof headers, "%sOrigin: http://evil\r\n", cookie);
    check_int("foreign origin", test_ask(&t, "POST", "/logout", NULL, headers, "", &a), 403);
    snprintf(headers, sizeof headers, "%sSec-Fetch-Site: cross-site\r\nOrigin: http://kol\r\n",
             cookie);
    check_int("cross-site", test_ask(&t, "POST", "/logout", NULL, headers, "", &a), 403);
    snprintf(headers, sizeof headers, "%sOrigin: http://kol\r\n", cookie);
    check_int("own origin", test_ask(&t, "POST", "/logout", NULL, headers, "", &a), 200);
    check_int("over", test_ask(&t, "GET", "/api/me", NULL, cookie, NULL, &a), 401);
}

static void test_login_with_key(void **state)
{
    char body[128], cookie[256];
    struct test_answer a;

    (void)state;
    snprintf(body, sizeof body, "{\"key\":\"%s\"}", t.key[0]);
    check_int("over https",
              test_ask(&t, "POST", "/login", NULL,
                       JSON_HEADER "Origin: https://kol.example.com\r\n", body, &a),
              200);
    check_has("cookie", a.head, "__Host-kol_session=");
    check_has("cookie", a.head, "; Secure");
    cookie_of(&a, cookie, sizeof cookie);
    check_int("session of a business", test_ask(&t, "GET", "/api/me", NULL, cookie, NULL, &a), 200);
    check_has("session of a business", a.body, "\"operator\":false");
    check_int("other site",
              test_ask(&t, "POST", "/login", NULL, JSON_HEADER "Origin: https://evil.example\r\n",
                       body, &a),
              403);
    check_int("form", test_ask(&t, "POST", "/login", NULL, NULL, body, &a), 415);
    check_int("wrong", test_ask(&t, "POST", "/login", NULL, JSON_HEADER, "{\"key\":\"kol_1\"}", &a),
              401);
    check_int(
        "both",
        test_ask(&t, "POST", "/login", NULL, JSON_HEADER, "{\"key\":\"a\",\"token\":\"b\"}", &a),
        400);
    check_int("wrong token",
              test_ask(&t, "POST", "/login", NULL, JSON_HEADER, "{\"token\":\"abc\"}", &a), 401);
}

static void test_pages_lead_to_the_login(void **state)
{
    struct test_answer a;

    (void)state;
    check_int("page", test_ask(&t, "GET", "/calls/" TEST_CALL, NULL, NULL, NULL, &a), 303);
    check_str("where", test_header(&a, "Location"), "/login?next=/calls/" TEST_CALL);
    check_int("login", test_ask(&t, "GET", "/login", NULL, "Accept-Encoding: gzip\r\n", NULL, &a),
              200);
    check_int("open asset",
              test_ask(&t, "GET", "/open/login.js", NULL, "Accept-Encoding: gzip\r\n", NULL, &a),
              200);
    check_int("other asset",
              test_ask(&t, "GET", "/assets/calls.js", NULL, "Accept-Encoding: gzip\r\n", NULL, &a),
              401);
    check_int("not by another name",
              test_ask(&t, "GET", "/open/calls.js", NULL, "Accept-Encoding: gzip\r\n", NULL, &a),
              404);
}

/* ---- answers after the commit ---- */

static void *ask_often(void *arg)
{
    struct test_answer *a = malloc(sizeof *a);
    size_t good = 0;

    (void)arg;
    for (int i = 0; a && i < 20; i++)
        good += test_ask(&t, "GET", "/readyz", t.operator_key, NULL, NULL, a) == 200;
    free(a);
    return (void *)good;
}

static void test_many_wait_for_commits(void **state)
{
    pthread_t threads[16];
    void *good;

    (void)state;
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, NULL), 0);
    for (size_t i = 0; i < 16; i++) {
        pthread_join(threads[i], &good);
        check_int("answers", (size_t)good, 20);
    }
}

static void test_several_requests_on_a_connection(void **state)
{
    struct test_answer a;
    char text[1024];
    int found = 0;

    (void)state;
    snprintf(text, sizeof text,
             "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
             "GET /readyz HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n"
             "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
             t.operator_key);
    test_raw(&t, text, &a);
    for (const char *s = a.body; (s = strstr(s, "HTTP/1.1 200")); s++)
        found++;
    check_int("the first", a.status, 200);
    check_int("the others", found, 2);
}

static void test_callbacks(void **state)
{
    static const char form[] = "Content-Type: application/x-www-form-urlencoded\r\n";
    struct test_answer a;

    (void)state;
    check_int("unsigned",
              test_ask(&t, "POST", "/webhook/call_status", NULL, form, "CallSid=" TEST_CALL, &a),
              400);
    check_int(
        "wrong",
        test_ask(&t, "POST", "/webhook/call_status", NULL,
                 "Content-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: AAAA\r\n",
                 "CallSid=" TEST_CALL, &a),
        403);
    check_int("HEAD", test_ask(&t, "HEAD", "/webhook/call_status", NULL, NULL, NULL, &a), 405);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_liveness_is_open),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_smuggled_request_is_not_answered),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_body_cap),
        cmocka_unit_test(test_slow_headers_are_cut),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_health_needs_keys),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_login_with_key),
        cmocka_unit_test(test_pages_lead_to_the_login),
        cmocka_unit_test(test_many_wait_for_commits),
        cmocka_unit_test(test_several_requests_on_a_connection),
        cmocka_unit_test(test_callbacks),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
