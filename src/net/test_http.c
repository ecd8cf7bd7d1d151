/* test_http.c - the client against a server that misbehaves in every way it must expect. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/test.h"
#include "net/http.h"
#include "net/sink.h"
#include "net/test_server.h"
#include <errno.h>

static struct test_server server, other;
static struct kol_http *client;
static struct kol_arena *arena;
static const char *const listed[] = {"127.0.0.1"};
static const struct kol_conf conf = {.allow_private_hosts = {1, listed}};

static int start(void **state)
{
    struct kol_err err;

    (void)state;
    test_server_start(&server);
    test_server_start(&other);
    arena = kol_arena_new(0);
    check_ok("client", kol_http_new(&conf, &client, &err), &err);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kol_http_free(client);
    kol_arena_free(arena);
    test_server_stop(&server);
    test_server_stop(&other);
    return 0;
}

static const char *url_on(const struct test_server *s, const char *path)
{
    return kol_arena_fmt(arena, "http://127.0.0.1:%d%s", s->port, path);
}

static enum kol_code get(const char *path, struct kol_http_response *ret, struct kol_err *err)
{
    struct kol_http_request r = {.url = url_on(&server, path), .timeout_ms = 5000};

    memset(err, 0, sizeof *err);
    return kol_http_send(arena, client, &r, ret, err);
}

static void answers(void **state)
{
    struct kol_err err;
    struct kol_http_response r;

    (void)state;
    check_ok("ok", get("/ok?secret=1", &r, &err), &err);
    check_int("status", r.status, 200);
    check_str("body", r.body, "hello");
    check_int("bytes", r.bytes, 5);
    check_str("type", r.content_type, "text/plain");
    check_str("etag", r.etag, "\"e1\"");
    check_str("location", r.location, NULL);
    check_int("retry", r.retry_after_ms, -1);
    check_has("agent", server.last, "User-Agent: kol/");

    check_ok("empty", get("/empty", &r, &err), &err);
    check_str("body", r.body, "");
    check_str("type", r.content_type, NULL);

    check_ok("429", get("/status/429", &r, &err), &err);
    check_int("status", r.status, 429);
    check_int("retry", r.retry_after_ms, 7000);
    check_str("body", r.body, "the reason");
    check_ok("302", get("/to//elsewhere", &r, &err), &err);
    check_int("not followed", r.status, 302);
    check_str("location", r.location, "/elsewhere");
    check_ok("unsized", get("/unsized/3000", &r, &err), &err);
    check_int("bytes", r.bytes, 3000);
}

static void statuses(void **state)
{
    static const struct {
        int status;
        enum kol_code expected;
    } rows[] = {
        {200, KOL_OK},          {204, KOL_OK},           {206, KOL_OK},
        {301, KOL_HTTP_STATUS}, {400, KOL_HTTP_STATUS},  {401, KOL_REFUSED},
        {403, KOL_REFUSED},     {404, KOL_NOT_FOUND},    {408, KOL_NET_TIMEOUT},
        {410, KOL_GONE},        {429, KOL_RATE_LIMITED}, {500, KOL_HTTP_STATUS},
        {503, KOL_HTTP_STATUS}, {504, KOL_NET_TIMEOUT},  {0, KOL_HTTP_STATUS},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++)
        check_str("status", kol_code_name(kol_http_status_code(rows[i].status)),
                  kol_code_name(rows[i].expected));
}

static void failures(void **state)
{
    static const struct {
        const char *path;
        enum kol_code expected;
        const char *message;
    } rows[] = {
        {"/nothing?k=secret", KOL_NET, "/nothing: "},
        {"/garbage?k=secret", KOL_NET, "/garbage: "},
        {"/short?k=secret", KOL_TRUNCATED, "/short: the answer ended after 5000 bytes"},
        {"/chunk?k=secret", KOL_TRUNCATED, "/chunk: the answer broke off after 5 bytes"},
        {"/bytes/65537?k=secret", KOL_TOO_LARGE, "the answer is longer than 65536 bytes"},
        {"/unsized/65537", KOL_TOO_LARGE, "the answer is longer than 65536 bytes"},
        {"/x y", KOL_BAD_INPUT, "must be escaped"},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct kol_err err;
        struct kol_http_response r;
        check_code(rows[i].path, get(rows[i].path, &r, &err), rows[i].expected, &err);
        check_has(rows[i].path, err.msg, rows[i].message);
        check_true(err.msg, !strstr(err.msg, "secret"));
    }
}

static void time_outs(void **state)
{
    struct kol_http_request r = {.url = url_on(&server, "/slow"), .timeout_ms = 200};
    struct kol_http_response response;
    struct kol_err err = {0};
    int64_t started_ms = kol_boot_ms();

    (void)state;
    check_code("slow", kol_http_send(arena, client, &r, &response, &err), KOL_NET_TIMEOUT, &err);
    check_true("in time", kol_boot_ms() - started_ms < 2000);
    check_has("place", err.msg, "/slow: ");
    r = (struct kol_http_request){
        .url = url_on(&server, "/stall"), .timeout_ms = 20000, .stall_ms = 1000};
    check_code("stall", kol_http_send(arena, client, &r, &response, &err), KOL_NET_TIMEOUT, &err);
    check_true("in time", kol_boot_ms() - started_ms < 6000);
}

static void refused_connection(void **state)
{
    struct test_server gone;
    struct kol_http_response response;
    struct kol_err err = {0};

    (void)state;
    test_server_start(&gone);
    test_server_stop(&gone);
    struct kol_http_request r = {.url = url_on(&gone, "/x?k=secret")};
    check_code("refused", kol_http_send(arena, client, &r, &response, &err), KOL_NET, &err);
    check_has("refused", err.msg, "Connection refused");
    check_true(err.msg, !strstr(err.msg, "secret"));

    r.url = kol_arena_fmt(arena, "https://127.0.0.1:%d/tls", server.port);
    r.timeout_ms = 3000;
    check_code("no TLS there", kol_http_send(arena, client, &r, &response, &err), KOL_NET, &err);
}

static void long_error_page_is_cut(void **state)
{
    struct kol_http_response r;
    struct kol_err err;

    (void)state;
    check_ok("500", get("/longerror", &r, &err), &err);
    check_int("status", r.status, 500);
    check_int("kept", r.body_len, 65536);
}

static void methods_headers_credentials(void **state)
{
    static const struct kol_http_header headers[] = {
        {"Content-Type", "application/json"}, {"X-Empty", ""}, {"webhook-id", "m1"}};
    struct kol_http_request r = {.url = url_on(&server, "/echo"),
                                 .method = "POST",
                                 .headers = headers,
                                 .header_count = 3,
                                 .user = "AC1",
                                 .password = "pw",
                                 .body = "{\"a\":1}",
                                 .body_len = 7};
    struct kol_http_response response;
    struct kol_err err = {0};

    (void)state;
    check_ok("post", kol_http_send(arena, client, &r, &response, &err), &err);
    check_has("method", response.body, "POST /echo HTTP/1.1\r\n");
    check_has("type", response.body, "\r\nContent-Type: application/json\r\n");
    check_has("empty", response.body, "\r\nX-Empty:\r\n");
    check_has("id", response.body, "\r\nwebhook-id: m1\r\n");
    check_has("credentials", response.body, "\r\nAuthorization: Basic QUMxOnB3\r\n");
    check_has("body", response.body, "\r\n\r\n{\"a\":1}");

    check_ok("next", get("/echo", &response, &err), &err);
    check_has("method", response.body, "GET /echo HTTP/1.1\r\n");
    check_true("nothing stays",
               !strstr(response.body, "Authorization") && !strstr(response.body, "webhook-id"));

    r = (struct kol_http_request){.url = url_on(&server, "/ok"), .method = "HEAD"};
    check_ok("head", kol_http_send(arena, client, &r, &response, &err), &err);
    check_has("head", server.last, "HEAD /ok");
    check_int("head", response.bytes, 0);
    r = (struct kol_http_request){.url = url_on(&server, "/echo"), .method = "DELETE"};
    check_ok("delete", kol_http_send(arena, client, &r, &response, &err), &err);
    check_has("delete", response.body, "DELETE /echo");
}

static void headers_cannot_be_smuggled(void **state)
{
    static const struct kol_http_header rows[] = {
        {"X", "a\r\nY: b"}, {"X", "a\nb"}, {"X\r\nY", "a"}, {"X:", "a"}, {"", "a"}, {"X Y", "a"}};
    struct kol_http_response response;
    struct kol_err err;
    int before = server.requests;

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct kol_http_request r = {
            .url = url_on(&server, "/ok"), .headers = &rows[i], .header_count = 1};
        check_code(rows[i].name, kol_http_send(arena, client, &r, &response, &err), KOL_BAD_INPUT,
                   &err);
    }
    check_int("sent", server.requests, before);
}

/* ---- to a file ---- */

struct seen {
    size_t len;
    int calls;
    bool refuse;
    char first;
};

static enum kol_code look(void *user, const void *head, size_t len, struct kol_err *err)
{
    struct seen *s = user;

    s->len = len;
    s->calls++;
    s->first = len ? *(const char *)head : '-';
    return s->refuse ? kol_fail(err, KOL_BAD_MEDIA, "no sound") : KOL_OK;
}

static void to_a_file(void **state)
{
    static const struct {
        const char *path;
        bool refuse;
        enum kol_code expected;
        int64_t size;
        int calls;
        size_t seen;
    } rows[] = {
        {"/bytes/100000", false, KOL_OK, 100000, 1, 4096},
        {"/bytes/4096", false, KOL_OK, 4096, 1, 4096},
        {"/bytes/4095", false, KOL_OK, 4095, 1, 4095},
        {"/unsized/4097", false, KOL_OK, 4097, 1, 4096},
        {"/empty", false, KOL_OK, 0, 1, 0},
        {"/bytes/100000", true, KOL_BAD_MEDIA, 0, 1, 4096},
        {"/bytes/10", true, KOL_BAD_MEDIA, 0, 1, 10},
        {"/bytes/200001", false, KOL_TOO_LARGE, 0, 0, 0}, /* by what it declares */
        {"/status/404", false, KOL_OK, 0, 0, 0},
        {"/status/302", false, KOL_OK, 0, 0, 0},
    };
    char folder[256];

    (void)state;
    test_folder(folder);
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        KOL_CLEANUP(kol_part_done) struct kol_part part = {.fd = -1};
        struct seen seen = {.refuse = rows[i].refuse};
        struct kol_err err = {0};
        struct kol_http_response response;
        struct kol_http_request r = {.url = url_on(&server, rows[i].path),
                                     .max_response_bytes = 200000,
                                     .part = &part,
                                     .inspect = look,
                                     .inspect_user = &seen};
        check_ok("part", kol_part_open(&part, kol_arena_fmt(arena, "%s/f", folder), &err), &err);
        enum kol_code code = kol_http_send(arena, client, &r, &response, &err);
        check_code(rows[i].path, code, rows[i].expected, &err);
        check_int(rows[i].path, lseek(part.fd, 0, SEEK_END), rows[i].size);
        check_int(rows[i].path, seen.calls, rows[i].calls);
        check_int(rows[i].path, seen.len, rows[i].seen);
        if (code == KOL_OK && response.status == 404)
            check_str("error page", response.body, "the reason");
    }
    rmdir(folder);
}

static ssize_t full_disk(int fd, const void *buf, size_t len)
{
    (void)fd, (void)buf, (void)len;
    errno = ENOSPC;
    return -1;
}

static void disk_full(void **state)
{
    KOL_CLEANUP(kol_part_done) struct kol_part part = {.fd = -1};
    struct kol_sys full = kol_sys_real;
    struct kol_err err = {0};
    struct kol_http_response response;
    struct kol_http_request r = {.url = url_on(&server, "/ok"), .part = &part};
    char folder[256];

    (void)state;
    test_folder(folder);
    check_ok("part", kol_part_open(&part, kol_arena_fmt(arena, "%s/f", folder), &err), &err);
    full.write = full_disk;
    kol_sys = &full;
    enum kol_code code = kol_http_send(arena, client, &r, &response, &err);
    kol_sys = &kol_sys_real;
    check_code("full", code, KOL_DISK_FULL, &err);
    kol_part_done(&part);
    rmdir(folder);
}

/* ---- redirects ---- */

static enum kol_code follow(const char *path, struct kol_http_response *ret, struct kol_err *err)
{
    static const struct kol_http_header headers[] = {{"X-Token", "t1"}};
    struct kol_http_request r = {.url = url_on(&server, path),
                                 .headers = headers,
                                 .header_count = 1,
                                 .user = "AC1",
                                 .password = "pw"};

    return kol_http_get_following(arena, client, &r, ret, err);
}

static void redirects(void **state)
{
    struct kol_http_response r;
    struct kol_err err;

    (void)state;
    check_ok("same origin", follow("/to//echo", &r, &err), &err);
    check_has("same origin", r.body, "Authorization: Basic QUMxOnB3");
    check_has("same origin", r.body, "X-Token: t1");

    check_ok("other", follow(kol_arena_fmt(arena, "/to/%s", url_on(&other, "/echo")), &r, &err),
             &err);
    check_int("other", r.status, 200);
    check_has("other", r.body, "GET /echo");
    check_true("no credentials", !strstr(r.body, "Authorization") && !strstr(r.body, "X-Token"));

    const char *back = url_on(&other, kol_arena_fmt(arena, "/to/%s", url_on(&server, "/echo")));
    check_ok("and back", follow(kol_arena_fmt(arena, "/to/%s", back), &r, &err), &err);
    check_has("and back", r.body, "GET /echo");
    check_true("not again", !strstr(r.body, "Authorization") && !strstr(r.body, "X-Token"));

    check_ok("three", follow("/to//to//to//ok", &r, &err), &err);
    check_int("three", r.status, 200);
    check_ok("four", follow("/to//to//to//to//ok", &r, &err), &err);
    check_int("four", r.status, 302);
    check_ok("bad", follow("/to/javascript:x", &r, &err), &err);
    check_int("bad", r.status, 302);
    check_code("private", follow("/to/https://10.0.0.1/x", &r, &err), KOL_BLOCKED_ADDRESS, &err);
    check_code("http", follow("/to/http://example.com/x", &r, &err), KOL_BLOCKED_ADDRESS, &err);
}

/* ---- the guard at connect time ---- */

static int sockets;

static int counting_socket(int family, int type, int protocol)
{
    sockets++;
    return kol_sys_real.connect_socket(family, type, protocol);
}

static void names_of_private_addresses(void **state)
{
    static const struct kol_conf strict = {0};
    static const char *const rows[] = {"https://localhost:%d/x?k=secret", "https://LOCALHOST:%d/",
                                       "https://x.localhost:%d/", "https://127.0.0.1:%d/",
                                       "https://[::1]:%d/"};
    struct kol_sys counting = kol_sys_real;
    struct kol_http_response response;
    struct kol_err err = {0};
    KOL_HTTP h = NULL;

    (void)state;
    check_ok("client", kol_http_new(&strict, &h, &err), &err);
    counting.connect_socket = counting_socket;
    kol_sys = &counting;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        char url[100];
        snprintf(url, sizeof url, "%.*s%d%s", (int)(strstr(rows[i], "%d") - rows[i]), rows[i],
                 server.port, strstr(rows[i], "%d") + 2);
        struct kol_http_request r = {.url = url, .timeout_ms = 3000};
        enum kol_code code = kol_http_send(arena, h, &r, &response, &err);
        check_code(rows[i], code, KOL_BLOCKED_ADDRESS, &err);
        check_has(rows[i], err.msg, "allow_private_hosts");
        check_true(err.msg, !strstr(err.msg, "secret"));
    }
    kol_sys = &kol_sys_real;
    check_int("sockets", sockets, 0);
}

static void environment_has_no_say(void **state)
{
    struct kol_http_response r;
    struct kol_err err;

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    enum kol_code code = get("/ok", &r, &err);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    check_ok("no proxy", code, &err);
}

static void stops_when_told(void **state)
{
    static const atomic_bool now = true;
    struct kol_http_request r = {.url = url_on(&server, "/slow"), .timeout_ms = 9000, .stop = &now};
    struct kol_http_response response;
    struct kol_err err = {0};
    int64_t started_ms = kol_boot_ms();

    (void)state;
    check_code("stop", kol_http_send(arena, client, &r, &response, &err), KOL_CANCELLED, &err);
    check_true("soon", kol_boot_ms() - started_ms < 2500);
}

/* ---- downloads that go on ---- */

static void the_limit_holds_over_all_parts(void **state)
{
    const struct kol_http_request request = {.max_response_bytes = 100};
    struct kol_err err = {0};
    struct kol_sink sink;

    (void)state;
    kol_sink_init(&sink, &request, &err);
    sink.offset = 60;
    sink.inspected = true;
    check_true("within",
               kol_sink_take(&sink, true, -1, "0123456789012345678901234567890123456789", 40));
    check_true("past it", !kol_sink_take(&sink, true, -1, "0", 1));
    check_int("code", sink.code, KOL_TOO_LARGE);
    kol_sink_done(&sink);
    kol_sink_init(&sink, &request, &err);
    sink.offset = 60;
    check_true("announced", !kol_sink_take(&sink, true, 41, "0", 1));
    check_int("code", sink.code, KOL_TOO_LARGE);
    kol_sink_done(&sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(statuses),
        cmocka_unit_test(failures),
        cmocka_unit_test(time_outs),
        cmocka_unit_test(refused_connection),
        cmocka_unit_test(long_error_page_is_cut),
        cmocka_unit_test(methods_headers_credentials),
        cmocka_unit_test(headers_cannot_be_smuggled),
        cmocka_unit_test(to_a_file),
        cmocka_unit_test(disk_full),
        cmocka_unit_test(redirects),
        cmocka_unit_test(the_limit_holds_over_all_parts),
        cmocka_unit_test(names_of_private_addresses),
        cmocka_unit_test(environment_has_no_say),
        cmocka_unit_test(stops_when_told),
    };
    return cmocka_run_group_tests_name("http", tests, start, stop);
}
