/* test_credentials.c - keys, cookies, origins, links. */
#include "base/test.h"
#include "serve/credentials.h"
#include "serve/serve.h"

static void test_bearer(void **state)
{
    static const struct {
        const char *header, *token;
    } rows[] = {
        {"Bearer abc", "abc"},
        {"bearer  abc ", "abc"},
        {"Bearer", NULL},
        {"Bearer ", NULL},
        {"Basic abc", NULL},
        {"Bearer a b", NULL},
        {"Bearer a,b", NULL},
        {NULL, NULL},
        {"Bearer 123456789012345", "123456789012345"},
        {"Bearer 1234567890123456", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char token[16] = "";
        const char *name = rows[i].header ? rows[i].header : "(none)";
        bool got = kol_bearer_read(rows[i].header, token, sizeof token);
        check_str(name, got ? token : NULL, rows[i].token);
    }
}

static void test_cookies(void **state)
{
    static const struct {
        const char *header, *value;
    } rows[] = {
        {"s=1", "1"},    {"a=0; s=1; b=2", "1"}, {"xs=0; s=1", "1"},
        {"s=", ""},      {"S=1", NULL},          {"s", NULL},
        {";;s=1;", "1"}, {"s=a=b ; c=d", "a=b"}, {"ss=1; t=s=1", NULL},
        {NULL, NULL},    {"s=123456789", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char value[8] = "";
        const char *name = rows[i].header ? rows[i].header : "(none)";
        bool got = kol_cookie_read(rows[i].header, "s", value, sizeof value);
        check_str(name, got ? value : NULL, rows[i].value);
    }
}

static void test_csrf(void **state)
{
    static const struct {
        const char *label;
        struct kol_provenance from;
        bool ok;
    } rows[] = {
        {"nothing said", {.host = "kol:80"}, false},
        {"same origin", {.sec_fetch_site = "same-origin", .host = "kol"}, true},
        {"same site", {.sec_fetch_site = "same-site", .host = "kol"}, false},
        {"typed address", {.sec_fetch_site = "none", .host = "kol"}, false},
        {"the browser's word counts", {"cross-site", "http://kol", "1", "kol", ""}, false},
        {"origin", {.origin = "http://kol:8080", .host = "kol:8080"}, true},
        {"origin in capitals", {.origin = "HTTP://KOL", .host = "kol"}, true},
        {"other port", {.origin = "http://kol:8081", .host = "kol:8080"}, false},
        {"other host", {.origin = "http://kol.evil", .host = "kol"}, false},
        {"null origin", {.origin = "null", .host = "null"}, false},
        {"behind a proxy",
         {.origin = "https://a.example",
          .host = "127.0.0.1:8080",
          .public_url = "https://a.example/"},
         true},
        {"http in place of https",
         {.origin = "http://a.example",
          .host = "127.0.0.1:8080",
          .public_url = "https://a.example/"},
         false},
        {"own header", {.csrf = "1", .host = "kol"}, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_int(rows[i].label, kol_csrf_ok(&rows[i].from), rows[i].ok);
}

static void test_local_paths(void **state)
{
    (void)state;
    check_true("root", kol_local_path("/"));
    check_true("page", kol_local_path("/calls/CA1"));
    check_true("other host", !kol_local_path("//evil"));
    check_true("other host, Windows way", !kol_local_path("/\\evil"));
    check_true("scheme", !kol_local_path("javascript:1"));
    check_true("line end", !kol_local_path("/a\r\nb"));
    check_true("none", !kol_local_path(NULL));
}

static void test_keys(void **state)
{
    char a[KOL_KEY_TEXT], b[KOL_KEY_TEXT], hint[KOL_KEY_HINT];

    (void)state;
    kol_key_make(a);
    kol_key_make(b);
    check_int("length", strlen(a), KOL_KEY_TEXT - 1);
    check_true("own", kol_key_well_formed(a));
    check_true("two differ", strcmp(a, b) != 0);
    kol_key_hint(a, hint);
    check_int("hint", strncmp(a, hint, strlen(hint)), 0);
    check_int("hint tells little", strlen(hint), 12);
    for (size_t i = 0; a[i]; i++) { /* any one mistyped character is found */
        char was = a[i];
        a[i] = was == 'x' ? 'y' : was == '0' ? '1' : '0';
        check_true("mistyped", !kol_key_well_formed(a));
        a[i] = was;
    }
    check_true("cut", !kol_key_well_formed("kol_"));
    check_true("none", !kol_key_well_formed(NULL));
}

static void test_links(void **state)
{
    static const char secret[] = "00ff", sid[] = "CA00000000000000000000000000000001";
    char sig[KOL_LINK_SIG], other[KOL_LINK_SIG];

    (void)state;
    kol_link_sign(secret, 7, sid, 1000, sig);
    check_int("good", kol_link_check(secret, 7, sid, "1000", sig, 999), KOL_LINK_GOOD);
    check_int("over", kol_link_check(secret, 7, sid, "1000", sig, 1000), KOL_LINK_EXPIRED);
    check_int("longer", kol_link_check(secret, 7, sid, "1001", sig, 999), KOL_LINK_FORGED);
    check_int("same time, other text", kol_link_check(secret, 7, sid, "+1000", sig, 999),
              KOL_LINK_FORGED);
    check_int("tenant", kol_link_check(secret, 8, sid, "1000", sig, 999), KOL_LINK_FORGED);
    check_int("no sig", kol_link_check(secret, 7, sid, "1000", NULL, 999), KOL_LINK_FORGED);
    check_int("no exp", kol_link_check(secret, 7, sid, NULL, sig, 999), KOL_LINK_FORGED);
    kol_link_sign("00fe", 7, sid, 1000, other);
    check_int("secret", kol_link_check(secret, 7, sid, "1000", other, 999), KOL_LINK_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bearer), cmocka_unit_test(test_cookies),
        cmocka_unit_test(test_csrf),   cmocka_unit_test(test_local_paths),
        cmocka_unit_test(test_keys),   cmocka_unit_test(test_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
