/* test_guard.c - every kind of address that is not public, in every spelling that has been tried.
 */
#include "base/cleanup.h"
#include "base/test.h"
#include "net/guard.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static const char *check_text(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return kol_guard_address((struct sockaddr *)&v4);
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
        fail_msg("%s is no address", text);
    return kol_guard_address((struct sockaddr *)&v6);
}

static void blocked_addresses(void **state)
{
    static const char *const rows[] = {
        /* the first and last of each range */
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.0",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.0",
        "192.0.2.255",
        "192.88.99.0",
        "192.88.99.255",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.0",
        "198.51.100.255",
        "203.0.113.0",
        "203.0.113.255",
        "224.0.0.0",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.254",
        "255.255.255.255",
        "::",
        "::1",
        "::2",
        "::ffff",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::",
        "64:ff9b::7f00:1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::1",
        "64:ff9b:ffff::1",
        "100::",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2001:db8:ffff::1",
        "2002::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00::1",
        "fdff:ffff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "feff::1",
        "ff00::1",
        "ff02::1",
        "ff0e::1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "0:0:0:0:0:0:0:1",
        "0200::1",
        "1000::1",
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++)
        check_true(rows[i], check_text(rows[i]) != NULL);
}

static void public_addresses(void **state)
{
    static const char *const rows[] = {
        "1.0.0.0",
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "54.172.60.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2001:470::1",
        "2001:4860:4860::8888",
        "2001:db7::1",
        "2001:db9::1",
        "2003::1",
        "2606:4700::1111",
        "2a00:1450:4001::1",
        "3ffe::1",
        "3fff:1000::1",
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++)
        check_str(rows[i], check_text(rows[i]), NULL);
    check_true("unix", kol_guard_address(&(struct sockaddr){.sa_family = AF_UNIX}) != NULL);
}

static const char *const listed[] = {"crm.lan", "10.0.0.5:8443", "192.168.1.1", "[::1]:8080",
                                     "fd00::5"};
static const struct kol_conf conf = {.allow_private_hosts = {KOL_COUNT(listed), listed}};

static void urls(void **state)
{
    static const struct {
        const char *url;
        enum kol_code expected;
    } rows[] = {
        {"https://crm.example.com/hook", KOL_OK},
        {"https://crm.example.com:8443/hook", KOL_OK},
        {"https://8.8.8.8/", KOL_OK},
        {"https://[2606:4700::1111]/", KOL_OK},
        {"https://xn--4dbrk0ce.example/", KOL_OK},
        {"http://crm.example.com/hook", KOL_BLOCKED_ADDRESS},
        {"http://8.8.8.8/", KOL_BLOCKED_ADDRESS},
        {"https://127.0.0.1/", KOL_BLOCKED_ADDRESS},
        {"https://127.0.0.1:443/", KOL_BLOCKED_ADDRESS},
        {"https://10.0.0.5/", KOL_BLOCKED_ADDRESS},
        {"https://169.254.169.254/latest/meta-data/", KOL_BLOCKED_ADDRESS},
        {"https://100.100.100.200/", KOL_BLOCKED_ADDRESS},
        {"https://0.0.0.0/", KOL_BLOCKED_ADDRESS},
        {"https://255.255.255.255/", KOL_BLOCKED_ADDRESS},
        {"https://[::]/", KOL_BLOCKED_ADDRESS},
        {"https://[::1]/", KOL_BLOCKED_ADDRESS},
        {"https://[0:0::0:1]/", KOL_BLOCKED_ADDRESS},
        {"https://[::ffff:127.0.0.1]/", KOL_BLOCKED_ADDRESS},
        {"https://[::ffff:7f00:1]/", KOL_BLOCKED_ADDRESS},
        {"https://[::ffff:8.8.8.8]/", KOL_BLOCKED_ADDRESS},
        {"https://[::127.0.0.1]/", KOL_BLOCKED_ADDRESS},
        {"https://[64:ff9b::7f00:1]/", KOL_BLOCKED_ADDRESS},
        {"https://[2002:7f00:1::]/", KOL_BLOCKED_ADDRESS},
        {"https://[fe80::1]/", KOL_BLOCKED_ADDRESS},
        {"https://[fd00::1]/", KOL_BLOCKED_ADDRESS},
        /* spellings of addresses that some reader takes: no URL at all here */
        {"https://2130706433/", KOL_BAD_INPUT},
        {"https://017700000001/", KOL_BAD_INPUT},
        {"https://0177.0.0.1/", KOL_BAD_INPUT},
        {"https://0x7f.0.0.1/", KOL_BAD_INPUT},
        {"https://0x7f000001/", KOL_BAD_INPUT},
        {"https://127.1/", KOL_BAD_INPUT},
        {"https://127.0.1/", KOL_BAD_INPUT},
        {"https://127.0.0.1./", KOL_BAD_INPUT},
        {"https://127.0.0.1%00.example/", KOL_BAD_INPUT},
        {"https://127.0.0.1%2f@example/", KOL_BAD_INPUT},
        {"https://[fe80::1%25eth0]/", KOL_BAD_INPUT},
        {"https://[::ffff:127.1]/", KOL_BAD_INPUT},
        {"https://①②⑦.⓪.⓪.①/", KOL_BAD_INPUT},
        {"https://127。0。0。1/", KOL_BAD_INPUT},
        {"https://example.com@127.0.0.1/", KOL_BAD_INPUT},
        {"https://127.0.0.1\\@example.com/", KOL_BAD_INPUT},
        {"https://example.com#@127.0.0.1/", KOL_BAD_INPUT},
        {"gopher://127.0.0.1:6379/_x", KOL_BAD_INPUT},
        {"file:///etc/passwd", KOL_BAD_INPUT},
        {"dict://127.0.0.1:11211/", KOL_BAD_INPUT},
        /* what the settings list */
        {"http://crm.lan/", KOL_OK},
        {"http://CRM.LAN:81/", KOL_OK},
        {"http://x.crm.lan/", KOL_BLOCKED_ADDRESS},
        {"http://crm.lan.example/", KOL_BLOCKED_ADDRESS},
        {"http://10.0.0.5:8443/", KOL_OK},
        {"https://10.0.0.5:8444/", KOL_BLOCKED_ADDRESS},
        {"http://192.168.1.1:1234/", KOL_OK},
        {"http://192.168.1.11/", KOL_BLOCKED_ADDRESS},
        {"http://[::1]:8080/", KOL_OK},
        {"http://[::1]:8081/", KOL_BLOCKED_ADDRESS},
        {"http://[fd00:0::5]:9/", KOL_OK},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct kol_err err = {0};
        struct kol_url u;
        enum kol_code code = kol_url_parse(a, rows[i].url, &u, &err);
        if (code == KOL_OK)
            code = kol_guard_url(&conf, &u, &err);
        check_code(rows[i].url, code, rows[i].expected, &err);
    }
}

static void refusal_says_what_to_do(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err;
    struct kol_url u;

    (void)state;
    check_ok("", kol_url_parse(a, "https://10.1.2.3/?k=secret", &u, &err), &err);
    check_code("", kol_guard_url(&conf, &u, &err), KOL_BLOCKED_ADDRESS, &err);
    check_str("private", err.msg,
              "10.1.2.3 is a private network; if it is yours, put it in allow_private_hosts");
    check_ok("", kol_url_parse(a, "http://a.example/", &u, &err), &err);
    check_code("", kol_guard_url(&conf, &u, &err), KOL_BLOCKED_ADDRESS, &err);
    check_has("http", err.msg, "only https is allowed");
}

static void lists(void **state)
{
    static const char *const items[] = {"*.twilio.com", "bucket.example.com", "10.0.0.1:9000"};
    const struct kol_strings list = {.count = 3, .items = items};
    static const struct {
        const char *host;
        int port;
        bool in;
    } rows[] = {
        {"api.twilio.com", 443, true},
        {"a.b.twilio.com", 443, true},
        {"API.TWILIO.COM", 443, true},
        {"twilio.com", 443, false},
        {".twilio.com", 443, false},
        {"eviltwilio.com", 443, false},
        {"twilio.com.evil.org", 443, false},
        {"bucket.example.com", 443, true},
        {"a.bucket.example.com", 443, false},
        {"10.0.0.1", 9000, true},
        {"10.0.0.1", 9001, false},
        {"", 443, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_int(rows[i].host, kol_guard_in_list(&list, rows[i].host, rows[i].port), rows[i].in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocked_addresses),
        cmocka_unit_test(public_addresses),
        cmocka_unit_test(urls),
        cmocka_unit_test(refusal_says_what_to_do),
        cmocka_unit_test(lists),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
