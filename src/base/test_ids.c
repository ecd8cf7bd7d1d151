#include "base/clock.h"
#include "base/ids.h"
#include "base/test.h"

static void sids(void **state)
{
    static const struct {
        const char *sid, *prefix;
        bool expected;
    } rows[] = {
        {"CA0123456789abcdef0123456789abcdef", "CA", true},
        {"CA0123456789abcdef0123456789abcdef", "RE", false},
        {"CA0123456789ABCDEF0123456789abcdef", "CA", false},
        {"CA0123456789abcdef0123456789abcde", "CA", false},
        {"CA0123456789abcdef0123456789abcdef0", "CA", false},
        {"CA0123456789abcdef0123456789abcde\n", "CA", false},
        {"CA../../../../../../../etc/passwd0", "CA", false},
        {"ca0123456789abcdef0123456789abcdef", "CA", false},
        {"", "CA", false},
        {NULL, "CA", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_int(rows[i].sid ? rows[i].sid : "(null)", kol_sid_valid(rows[i].sid, rows[i].prefix),
                  rows[i].expected);
}

static void phones(void **state)
{
    static const struct {
        const char *raw, *country, *expected; /* NULL: withheld */
    } rows[] = {
        {"050-123-4567", "972", "+972501234567"},
        {"0501234567", "972", "+972501234567"},
        {"+972501234567", "972", "+972501234567"},
        {"+972 50 123 4567", "972", "+972501234567"},
        {"+972-(0)50-1234567", "972", "+972501234567"},
        {"00972501234567", "972", "+972501234567"},
        {"972501234567", "972", "+972501234567"},
        {"04-8765432", "972", "+97248765432"},
        {" 050.123.4567 ", "972", "+972501234567"},
        {"\u200e050\u2011123\u00a04567\u200f", "972", "+972501234567"},
        {"\u202a+972501234567\u202c", "972", "+972501234567"},
        {"+14155550100", "972", "+14155550100"},
        {"0014155550100", "972", "+14155550100"},
        {"+1 (415) 555-0100", "972", "+14155550100"},
        {"(415) 555-0100", "1", "+14155550100"},
        {"1-415-555-0100", "1", "+14155550100"},
        {"050-123-4567", "1", "0501234567"},
        {"06 1234 5678", "39", "+390612345678"},
        {"0501234567", "", "0501234567"},
        {"0501234567", NULL, "0501234567"},
        {"*6050", "972", "*6050"},
        {"100", "972", "100"},
        {"1-700-500-500", "972", "1700500500"},
        {"1-800-1234567890123", "972", "18001234567890123"},
        {"+9725012345678901", "972", "+9725012345678901"}, /* no E.164: more than 15 digits */
        {"+", "972", "+"},
        {"00", "972", "00"},
        {"sip:bob@example.com", "972", "sip:bob@example.com"},
        {"client:alice-and-a-long-tail-behind", "972", "client:alice-and-a-long"},
        {"קליינט ארוך מאוד", "972", "קליינט ארוך"},
        {"050+1234567", "972", "050+1234567"},
        {"", "972", NULL},
        {"  ", "972", NULL},
        {NULL, "972", NULL},
        {"anonymous", "972", NULL},
        {" Anonymous ", "972", NULL},
        {"RESTRICTED", "972", NULL},
        {"unavailable", "972", NULL},
        {"+266696687", "972", NULL},
        {"266696687", "972", NULL},
        {"+7378742833", "972", NULL},
        {"+2562533", "972", NULL},
        {"+8656696", "972", NULL},
        {"+86282452253", "972", NULL},
        {"+86282452254", "972", "+86282452254"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *row = rows[i].raw ? rows[i].raw : "(null)";
        char text[KOL_PHONE_TEXT];
        bool known = kol_phone_normalise(rows[i].raw, rows[i].country, text);
        check_str(row, text, rows[i].expected ? rows[i].expected : "");
        check_int(row, known, rows[i].expected != NULL);
    }
}

static void canonical_numbers_stay(void **state)
{
    static const char *const rows[] = {"+972501234567", "+14155550100", "*6050", "100", "x@y"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[KOL_PHONE_TEXT];
        kol_phone_normalise(rows[i], "972", text);
        check_str(rows[i], text, rows[i]);
    }
}

static int64_t fixed_ms(void)
{
    return 0x017f22e279b0; /* the example of RFC 9562, appendix A.6 */
}

static void uuids(void **state)
{
    struct kol_sys fake = kol_sys_real;
    char a[KOL_UUID_TEXT];
    char b[KOL_UUID_TEXT];

    (void)state;
    fake.wall_ms = fixed_ms;
    kol_sys = &fake;
    kol_uuid7(a);
    kol_uuid7(b);
    kol_sys = &kol_sys_real;
    check_int("length", strlen(a), 36);
    check_int("time", strncmp(a, "017f22e2-79b0-7", 15), 0);
    check_true("variant", strchr("89ab", a[19]) != NULL);
    check_true("unique", strcmp(a, b) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sids),
        cmocka_unit_test(phones),
        cmocka_unit_test(canonical_numbers_stay),
        cmocka_unit_test(uuids),
    };
    return cmocka_run_group_tests_name("ids", tests, NULL, NULL);
}
