#include "base/test.h"
#include "net/url.h"

static void parses(void **state)
{
    static const struct {
        const char *text, *host;
        int port;
        const char *path, *query, *again; /* again: as sent; NULL: the same as text */
    } rows[] = {
        {"https://a.example", "a.example", 443, "/", NULL, "https://a.example/"},
        {"https://a.example/", "a.example", 443, "/", NULL, NULL},
        {"HTTPS://A.Example:443/X?Y=%2f", "a.example", 443, "/X", "Y=%2f",
         "https://a.example/X?Y=%2f"},
        {"http://a.example:8080/x/../y?", "a.example", 8080, "/x/../y", "", NULL},
        {"http://a.example?q", "a.example", 80, "/", "q", "http://a.example/?q"},
        {"https://10.0.0.1:443/a", "10.0.0.1", 443, "/a", NULL, "https://10.0.0.1/a"},
        {"https://[2606:4700:0::1111]:8443/a", "2606:4700::1111", 8443, "/a", NULL,
         "https://[2606:4700::1111]:8443/a"},
        {"https://xn--4dbrk0ce.example/", "xn--4dbrk0ce.example", 443, "/", NULL, NULL},
        {"https://my_crm.example/a:b@c/;d=$&'()*+,!~", "my_crm.example", 443,
         "/a:b@c/;d=$&'()*+,!~", NULL, NULL},
        {"https://a/?x[]=1?2/3", "a", 443, "/", "x[]=1?2/3", NULL},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_err err;
        struct kol_url u;
        const char *row = rows[i].text;
        check_ok(row, kol_url_parse(a, row, &u, &err), &err);
        check_str(row, u.host, rows[i].host);
        check_int(row, u.port, rows[i].port);
        check_str(row, u.path, rows[i].path);
        check_str(row, u.query, rows[i].query);
        check_str(row, kol_url_text(a, &u), rows[i].again ? rows[i].again : row);
    }
}

static void refuses(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "must start with https://"},
        {"a.example", "must start with https://"},
        {"//a.example", "must start with https://"},
        {"ftp://a.example", "must start with https://"},
        {"file:///etc/passwd", "must start with https://"},
        {"gopher://a.example", "must start with https://"},
        {"https:/a.example", "must start with https://"},
        {"https://", "the host is missing"},
        {"https:///x", "the host is missing"},
        {"https://:443", "the host is missing"},
        {"https://u@a.example", "user name"},
        {"https://u:p@a.example", "user name"},
        {"https://a.example@b.example/", "user name"},
        {"https://a.example\\@b.example/", "must be escaped"},
        {"https://a.example/#x", "fragment"},
        {"https://a.example.", "ends in a dot"},
        {"https://127.0.0.1./", "ends in a dot"},
        {"https://a..example", "no name of letters"},
        {"https://.example", "no name of letters"},
        {"https://-a.example", "no name of letters"},
        {"https://a-.example", "no name of letters"},
        {"https://a%2eexample", "no name of letters"},
        {"https://a,b.example", "no name of letters"},
        {"https://קול.example", "must be escaped"},
        {"https://a.example/ש", "must be escaped"},
        {"https://a.example/x y", "must be escaped"},
        {" https://a.example", "must be escaped"},
        {"https://a.example\n", "must be escaped"},
        {"https://a.example/\r\nX: y", "must be escaped"},
        {"https://a.example/%2", "must be escaped"},
        {"https://a.example/%zz", "must be escaped"},
        {"https://a.example/<b>", "must be escaped"},
        {"https://2130706433/", "no address of four decimal parts"},
        {"https://0x7f000001/", "no address of four decimal parts"},
        {"https://0X7F.1/", "no address of four decimal parts"},
        {"https://0177.0.0.1/", "no address of four decimal parts"},
        {"https://127.1/", "no address of four decimal parts"},
        {"https://127.0.0.01/", "no address of four decimal parts"},
        {"https://1.2.3.4.5/", "no address of four decimal parts"},
        {"https://1.2.3.256/", "no address of four decimal parts"},
        {"https://a.0x1/", "no address of four decimal parts"},
        {"https://a.example.0/", "no address of four decimal parts"},
        {"https://[::1", "[ without ]"},
        {"https://[::1%25lo]/", "no IPv6 address"},
        {"https://[127.0.0.1]/", "no IPv6 address"},
        {"https://[]/", "no IPv6 address"},
        {"https://[::1]x/", "port"},
        {"https://::1/", "the host is missing"},
        {"https://a.example:", "port"},
        {"https://a.example:0/", "port"},
        {"https://a.example:080/", "port"},
        {"https://a.example:65536/", "port"},
        {"https://a.example:99999999999999/", "port"},
        {"https://a.example:+80/", "the port is no number"},
        {"https://a.example:8 0/", "must be escaped"},
        {"https://a.example:80:90/", "the port is no number"},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_err err = {0};
        struct kol_url u;
        const char *row = rows[i].text;
        check_code(row, kol_url_parse(a, row, &u, &err), KOL_BAD_INPUT, &err);
        check_has(row, err.msg, rows[i].message);
    }
}

static void lengths(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err = {0};
    struct kol_url u;
    char *text = kol_arena_alloc(a, KOL_URL_MAX + 100);

    (void)state;
    memset(text, 'a', KOL_URL_MAX);
    memcpy(text, "https://a/", 10);
    check_ok("longest", kol_url_parse(a, text, &u, &err), &err);
    text[KOL_URL_MAX] = 'a';
    check_code("longer", kol_url_parse(a, text, &u, &err), KOL_BAD_INPUT, &err);
    text[8 + 64] = '\0';
    text[9] = 'a';
    check_code("label of 64", kol_url_parse(a, text, &u, &err), KOL_BAD_INPUT, &err);
    text[8 + 63] = '\0';
    check_ok("label of 63", kol_url_parse(a, text, &u, &err), &err);
}

static void resolves(void **state)
{
    static const struct {
        const char *location, *expected; /* NULL: refused */
    } rows[] = {
        {"https://b.example/y", "https://b.example/y"},
        {"HTTP://b.example", "http://b.example/"},
        {"//b.example:81/y?z", "https://b.example:81/y?z"},
        {"/y", "https://a.example:8443/y"},
        {"/y?z#f", "https://a.example:8443/y?z"},
        {"y", "https://a.example:8443/d/y"},
        {"./y", "https://a.example:8443/d/y"},
        {"../y", "https://a.example:8443/y"},
        {"../../../y", "https://a.example:8443/y"},
        {"y/./z/../w/.", "https://a.example:8443/d/y/w/"},
        {"..", "https://a.example:8443/"},
        {"?z", "https://a.example:8443/d/f?z"},
        {"", "https://a.example:8443/d/f"},
        {"#f", "https://a.example:8443/d/f"},
        {"/a:b", "https://a.example:8443/a:b"},
        {"/..//b", "https://a.example:8443//b"},
        {"javascript:alert(1)", NULL},
        {"file:///etc/passwd", NULL},
        {"//u@b.example/", NULL},
        {"/x y", NULL},
        {"///x", NULL},
        {"a:b", NULL},
    };
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err;
    struct kol_url base;

    (void)state;
    check_ok("base", kol_url_parse(a, "https://a.example:8443/d/f?q=1", &base, &err), &err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_url u;
        const char *row = rows[i].location;
        enum kol_code code = kol_url_resolve(a, &base, row, &u, &err);
        check_code(row, code, rows[i].expected ? KOL_OK : KOL_BAD_INPUT, &err);
        if (code == KOL_OK)
            check_str(row, kol_url_text(a, &u), rows[i].expected);
    }
}

static void places_hold_no_query(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err;
    struct kol_url u;
    struct kol_url v;

    (void)state;
    check_ok("", kol_url_parse(a, "https://[::1]:81/a?sig=secret", &u, &err), &err);
    check_str("place", kol_url_place(a, &u), "[::1]:81/a");
    check_ok("", kol_url_parse(a, "https://[0::1]:81/b", &v, &err), &err);
    check_true("origin", kol_url_same_origin(&u, &v));
    check_ok("", kol_url_parse(a, "http://[0::1]:81/b", &v, &err), &err);
    check_true("scheme", !kol_url_same_origin(&u, &v));
    check_ok("", kol_url_parse(a, "https://[0::1]/b", &v, &err), &err);
    check_true("port", !kol_url_same_origin(&u, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(lengths),
        cmocka_unit_test(resolves),
        cmocka_unit_test(places_hold_no_query),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
