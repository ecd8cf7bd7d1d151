/* test_range.c - RFC 9110 as a table. */
#include "base/test.h"
#include "serve/range.h"

struct range_row {
    const char *header;
    uint64_t size;
    enum kol_range_result result;
    uint64_t first, last;
};

static const struct range_row ranges[] = {
    {NULL, 100, KOL_RANGE_WHOLE, 0, 0},
    {"", 100, KOL_RANGE_WHOLE, 0, 0},
    {"bytes=0-0", 100, KOL_RANGE_PART, 0, 0},
    {"bytes=0-1", 100, KOL_RANGE_PART, 0, 1},
    {"bytes=5-5", 100, KOL_RANGE_PART, 5, 5},
    {"bytes=0-99", 100, KOL_RANGE_PART, 0, 99},
    {"bytes=0-100", 100, KOL_RANGE_PART, 0, 99},
    {"bytes=0-999999", 100, KOL_RANGE_PART, 0, 99},
    {"bytes=5-", 100, KOL_RANGE_PART, 5, 99},
    {"bytes=99-", 100, KOL_RANGE_PART, 99, 99},
    {"bytes=100-", 100, KOL_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=100-200", 100, KOL_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-100", 100, KOL_RANGE_PART, 0, 99},
    {"bytes=-1", 100, KOL_RANGE_PART, 99, 99},
    {"bytes=-500", 100, KOL_RANGE_PART, 0, 99},
    {"bytes=-0", 100, KOL_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-", 100, KOL_RANGE_WHOLE, 0, 0},
    {"bytes=9-5", 100, KOL_RANGE_WHOLE, 0, 0},
    {"bytes=a-5", 100, KOL_RANGE_WHOLE, 0, 0},
    {"bytes=0-5x", 100, KOL_RANGE_WHOLE, 0, 0},
    {"bytes=0-5,7-9", 100, KOL_RANGE_WHOLE, 0, 0},
    {"bytes=0-5,", 100, KOL_RANGE_WHOLE, 0, 0},
    {"bytes= 0-5 ", 100, KOL_RANGE_PART, 0, 5},
    {"Bytes=0-5", 100, KOL_RANGE_PART, 0, 5},
    {"bytes=+1-5", 100, KOL_RANGE_WHOLE, 0, 0},
    {"bytes=--5", 100, KOL_RANGE_WHOLE, 0, 0},
    {"seconds=0-5", 100, KOL_RANGE_WHOLE, 0, 0},
    {"bytes 0-5", 100, KOL_RANGE_WHOLE, 0, 0},
    {"bytes=0-99999999999999999999999999", 100, KOL_RANGE_PART, 0, 99},
    {"bytes=99999999999999999999999999-", 100, KOL_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-99999999999999999999999999", 100, KOL_RANGE_PART, 0, 99},
    {"bytes=0-0", 0, KOL_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=0-", 0, KOL_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-5", 0, KOL_RANGE_UNSATISFIABLE, 0, 0},
};

static void test_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range_row *row = &ranges[i];
        const char *name = row->header ? row->header : "(none)";
        uint64_t first = 0, last = 0;

        check_int(name, kol_range_parse(row->header, row->size, &first, &last), row->result);
        check_int(name, first, row->first);
        check_int(name, last, row->last);
    }
}

static const struct kol_validator file = {"\"abc\"", 784111777123}; /* a date has no milliseconds */
static const char *const changed = "Sun, 06 Nov 1994 08:49:37 GMT";

static void test_if_range(void **state)
{
    (void)state;
    check_true("absent", kol_if_range_holds(NULL, &file));
    check_true("same", kol_if_range_holds("\"abc\"", &file));
    check_true("date", kol_if_range_holds(changed, &file));
    check_true("other", !kol_if_range_holds("\"abd\"", &file));
    check_true("weak", !kol_if_range_holds("W/\"abc\"", &file));
    check_true("later", !kol_if_range_holds("Sun, 06 Nov 1994 08:49:38 GMT", &file));
    check_true("nonsense", !kol_if_range_holds("yesterday", &file));
}

static void test_not_modified(void **state)
{
    (void)state;
    check_true("none", !kol_not_modified(NULL, NULL, &file));
    check_true("same", kol_not_modified("\"abc\"", NULL, &file));
    check_true("weak", kol_not_modified("W/\"abc\"", NULL, &file));
    check_true("list", kol_not_modified("\"x\" , \"abc\"", NULL, &file));
    check_true("star", kol_not_modified("*", NULL, &file));
    check_true("other", !kol_not_modified("\"x\",, \"y\"", NULL, &file));
    check_true("longer", !kol_not_modified("\"abcd\"", NULL, &file));
    check_true("cut", !kol_not_modified("\"abc", NULL, &file));
    check_true("date", kol_not_modified(NULL, changed, &file));
    check_true("the tag decides", !kol_not_modified("\"x\"", changed, &file));
    check_true("older", !kol_not_modified(NULL, "Sun, 06 Nov 1994 08:49:36 GMT", &file));
}

static void test_http_date(void **state)
{
    char text[KOL_HTTP_DATE_TEXT];

    (void)state;
    kol_http_date(file.changed_at_ms, text);
    check_str("date", text, changed);
    kol_http_date(0, text);
    check_str("epoch", text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_if_range),
        cmocka_unit_test(test_not_modified),
        cmocka_unit_test(test_http_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
