/* test_guard.c - which framings are refused. */
#include "base/test.h"
#include "serve/guard.h"

struct header {
    const char *name, *value;
};

struct guard_row {
    const char *label;
    bool http_1_0;
    struct header headers[4];
    int status; /* 0: fine */
};

static const struct guard_row rows[] = {
    {"plain", false, {{"Host", "a"}}, 0},
    {"length", false, {{"Host", "a:80"}, {"content-length", "12"}}, 0},
    {"chunked", false, {{"Host", "[::1]:8080"}, {"Transfer-Encoding", "Chunked"}}, 0},
    {"old, without host", true, {{"Accept", "*/*"}}, 0},
    {"no host", false, {{"Accept", "*/*"}}, 400},
    {"two hosts", false, {{"Host", "a"}, {"host", "a"}}, 400},
    {"bad host", false, {{"Host", "a/b"}}, 400},
    {"host with user", false, {{"Host", "u@b"}}, 400},
    {"two lengths", false, {{"Host", "a"}, {"Content-Length", "4"}, {"Content-Length", "4"}}, 400},
    {"length and encoding",
     false,
     {{"Host", "a"}, {"Content-Length", "4"}, {"Transfer-Encoding", "chunked"}},
     400},
    {"two encodings",
     false,
     {{"Host", "a"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
     400},
    {"gzip", false, {{"Host", "a"}, {"Transfer-Encoding", "gzip"}}, 501},
    {"gzip, chunked", false, {{"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"}}, 501},
    {"empty encoding", false, {{"Host", "a"}, {"Transfer-Encoding", ""}}, 501},
    {"encoding in 1.0", true, {{"Host", "a"}, {"Transfer-Encoding", "chunked"}}, 400},
    {"signed length", false, {{"Host", "a"}, {"Content-Length", "+4"}}, 400},
    {"list of lengths", false, {{"Host", "a"}, {"Content-Length", "4, 4"}}, 400},
    {"hex length", false, {{"Host", "a"}, {"Content-Length", "0x4"}}, 400},
    {"empty length", false, {{"Host", "a"}, {"Content-Length", ""}}, 400},
    {"huge length", false, {{"Host", "a"}, {"Content-Length", "99999999999999999999"}}, 400},
    {"blank before the colon", false, {{"Host", "a"}, {"Content-Length ", "4"}}, 400},
    {"name with slash", false, {{"Host", "a"}, {"a/b", "4"}}, 400},
    {"empty name", false, {{"Host", "a"}, {"", "4"}}, 400},
    {"control in a value", false, {{"Host", "a"}, {"X", "a\rb"}}, 400},
};

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_guard g = {0};

        for (const struct header *h = rows[i].headers; h->name; h++)
            kol_guard_header(&g, h->name, strlen(h->name), h->value, strlen(h->value));
        bool fine = kol_guard_finish(&g, !rows[i].http_1_0);
        check_int(rows[i].label, fine, rows[i].status == 0);
        check_int(rows[i].label, g.status, rows[i].status);
    }
}

static void test_length_is_kept(void **state)
{
    struct kol_guard g = {0};

    (void)state;
    kol_guard_header(&g, "Content-Length", 14, "70000", 5);
    check_int("length", g.length, 70000);
}

static void test_targets(void **state)
{
    (void)state;
    check_true("root", kol_guard_target("/"));
    check_true("query", kol_guard_target("/a?b=%20&c[]=d"));
    check_true("star", !kol_guard_target("*"));
    check_true("absolute", !kol_guard_target("http://a/b"));
    check_true("empty", !kol_guard_target(""));
    check_true("blank", !kol_guard_target("/a b"));
    check_true("raw bytes", !kol_guard_target("/\xd7\xa7"));
    check_true("fragment", !kol_guard_target("/a#b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_length_is_kept),
        cmocka_unit_test(test_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
