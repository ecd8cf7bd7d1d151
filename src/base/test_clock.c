/* test_clock.c - time: text forms, time zones and the table that tests replace. */
#include "base/clock.h"
#include "base/test.h"
#include "base/zone.h"

static void iso(void **state)
{
    static const struct {
        int64_t at_ms;
        const char *expected;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1795251823123, "2026-11-21T09:03:43.123Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-86400000, "1969-12-31T00:00:00.000Z"},
        {-62135596800000, "0001-01-01T00:00:00.000Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {INT64_MAX, "292278994-08-17T07:12:55.807Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[KOL_TIME_TEXT];
        kol_time_iso(rows[i].at_ms, text);
        check_str(rows[i].expected, text, rows[i].expected);
    }
}

static void rfc2822(void **state)
{
    static const struct {
        const char *text;
        int64_t expected_s; /* -1: refused */
    } rows[] = {
        {"Tue, 24 Mar 2026 18:15:40 +0000", 1774376140},
        {"24 Mar 2026 18:15:40 +0000", 1774376140},
        {"Tue, 24 Mar 2026 20:15:40 +0200", 1774376140},
        {"Tue, 24 Mar 2026 13:45:40 -0430", 1774376140},
        {"Tue, 24 mar 2026 18:15:40 GMT", 1774376140},
        {"Tue,  4 Mar 2026 18:15 +0000", 1772648100},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
        {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
        {"", -1},
        {"Tue, 24 Mar 2026 18:15:40", -1},
        {"Tue, 24 Mar 2026 18:15:40 EST", -1},
        {"Tue, 24 Mar 2026 18:15:40 +000", -1},
        {"Tue, 24 Mar 2026 18:15:40 +00000", -1},
        {"Tue, 24 Mar 2026 18:15:40 +0060", -1},
        {"Tue, 24 Mar 2026 24:15:40 +0000", -1},
        {"Tue, 24 Mar 2026 18:60:40 +0000", -1},
        {"Tue, 24 Mar 2026 18:15:61 +0000", -1},
        {"Sun, 29 Feb 2026 00:00:00 GMT", -1},
        {"Sat, 31 Apr 2026 12:00:00 GMT", -1},
        {"Sat, 00 Apr 2026 12:00:00 GMT", -1},
        {"Sat, 31 Foo 2026 12:00:00 GMT", -1},
        {"Sat, 31 May 26 12:00:00 GMT", -1},
        {"2026-03-24T18:15:40Z", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t at_ms = -1000;
        bool ok = kol_time_parse_rfc2822(rows[i].text, &at_ms);
        check_int(rows[i].text, ok, rows[i].expected_s >= 0);
        check_int(rows[i].text, at_ms, rows[i].expected_s * 1000);
    }
}

static void retry_after(void **state)
{
    static const int64_t now_ms = 784111777000; /* Sun, 06 Nov 1994 08:49:37 GMT */
    static const struct {
        const char *text;
        int64_t expected_ms; /* -1: refused */
    } rows[] = {
        {"0", 0},
        {"120", 120000},
        {"Sun, 06 Nov 1994 08:50:37 GMT", 60000},
        {"Sun, 06 Nov 1994 08:48:37 GMT", 0},
        {"99999999999999999999999", (int64_t)3650 * 86400 * 1000},
        {"", -1},
        {"-5", -1},
        {"1.5", -1},
        {"soon", -1},
        {"12 s", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t delay_ms = -1;
        bool ok = kol_time_parse_http_delta_or_date(rows[i].text, now_ms, &delay_ms);
        check_int(rows[i].text, ok, rows[i].expected_ms >= 0);
        check_int(rows[i].text, delay_ms, rows[i].expected_ms);
    }
}

/* Expected values come from another implementation (Python's zoneinfo). */
static void days_in_zones(void **state)
{
    static const struct {
        const char *zone, *date;
        int64_t from_s, to_s;
    } rows[] = {
        {"Asia/Jerusalem", "2026-11-21", 1795212000, 1795298400},
        {"Asia/Jerusalem", "2026-03-27", 1774562400, 1774645200}, /* 23 hours */
        {"Asia/Jerusalem", "2026-10-25", 1792875600, 1792965600}, /* 25 hours */
        {"Asia/Jerusalem", "2026-07-01", 1782853200, 1782939600},
        {"Asia/Jerusalem", "2060-07-01", 2855854800, 2855941200}, /* by the file's last rule */
        {"Asia/Jerusalem", "2060-01-01", 2840133600, 2840220000},
        {"Asia/Jerusalem", "1975-07-01", 173394000, 173480400},
        {"America/New_York", "2026-03-08", 1772946000, 1773028800},
        {"America/New_York", "2045-11-05", 2393467200, 2393557200},
        {"Australia/Sydney", "2050-01-15", 2525778000, 2525864400}, /* summer spans the new year */
        {"Australia/Sydney", "2050-07-15", 2541420000, 2541506400},
        {"Asia/Kolkata", "2026-02-28", 1772217000, 1772303400},
        {"UTC", "2024-02-29", 1709164800, 1709251200},
        {"Asia/Beirut", "2024-03-31", 1711836000, 1711918800},  /* a day without a midnight */
        {"Pacific/Apia", "2011-12-29", 1325152800, 1325239200}, /* the next one did not exist */
        {"Europe/Dublin", "2050-01-10", 2525385600, 2525472000},
        {"Europe/Dublin", "2050-07-10", 2541020400, 2541106800},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_err err;
        int64_t from_ms = 0;
        int64_t to_ms = 0;
        check_ok(rows[i].date, kol_day_bounds(rows[i].zone, rows[i].date, &from_ms, &to_ms, &err),
                 &err);
        check_int(rows[i].date, from_ms, rows[i].from_s * 1000);
        check_int(rows[i].date, to_ms, rows[i].to_s * 1000);
    }
}

static void days_refused(void **state)
{
    static const struct {
        const char *zone, *date, *message;
    } rows[] = {
        {"UTC", "2026-02-29", "not a day"},
        {"UTC", "2026-13-01", "not a day"},
        {"UTC", "2026-1-1", "not a day"},
        {"UTC", "2026-01-011", "not a day"},
        {"UTC", "", "not a day"},
        {"UTC", "2026-0a-01", "not a day"},
        {"Asia/Nowhere", "2026-01-01", "unknown here"},
        {"../../etc/passwd", "2026-01-01", "no name such as"},
        {"/etc/passwd", "2026-01-01", "no name such as"},
        {"", "2026-01-01", "no name such as"},
        {"Asia", "2026-01-01", "it is a folder"},
        {"tzdata.zi", "2026-01-01", "no name such as"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_err err = {0};
        int64_t from_ms = 0;
        int64_t to_ms = 0;
        enum kol_code code = kol_day_bounds(rows[i].zone, rows[i].date, &from_ms, &to_ms, &err);
        check_true(rows[i].date, code != KOL_OK);
        check_has(rows[i].date, err.msg, rows[i].message);
    }
}

/* Every rule of the footer, in a file made here: no change is listed, so the rule decides alone. */
static void footers(void **state)
{
    static const struct {
        const char *rule;
        int64_t at_s; /* -1: the file is refused */
        int expected_s;
    } rows[] = {
        {"IST-2IDT,M3.4.4/26,M10.5.0", 1782853200, 10800},
        {"IST-2IDT,M3.4.4/26,M10.5.0", 1795212000, 7200},
        {"<+0530>-5:30", 0, 19800},
        {"<-03>3", 0, -10800},
        {"EST5EDT,J60,J300", 1772323199 + 3600 * 5 + 7201, -14400}, /* J60 is always 1 March */
        {"EST5EDT,59/0,300", 1772323199 + 3600 * 5, -18000},
        {"EST5EDT,59/0,300", 1772323201 + 3600 * 5, -14400},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 2525385600, 0}, /* Dublin's summer is its standard time */
        {"", 0, 3600},
        {"EST", -1, 0},
        {"E5", -1, 0},
        {"<x5", -1, 0},
        {"EST5EDT", -1, 0},
        {"EST5EDT,M13.1.0,M1.1.0", -1, 0},
        {"EST5EDT,M3.6.0,M1.1.0", -1, 0},
        {"EST5EDT,M3.2.7,M1.1.0", -1, 0},
        {"EST5EDT,J0,J5", -1, 0},
        {"EST5EDT,M3.2.0/168,J5", -1, 0},
        {"EST5EDT,M3.2.0", -1, 0},
        {"EST5EDT,M3.2.0,M11.1.0x", -1, 0},
    };
    static const unsigned char header[44] = {'T', 'Z', 'i', 'f', '2', [39] = 1};
    static const unsigned char type[6] = {0, 0, 0x0e, 0x10};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_err err = {0};
        KOL_ZONE z = NULL;
        KOL_STR file;
        kol_str_init(&file, 4096);
        for (int block = 0; block < 2; block++) {
            kol_str_add_bytes(&file, header, sizeof header);
            kol_str_add_bytes(&file, type, sizeof type);
        }
        kol_str_add_fmt(&file, "\n%s\n", rows[i].rule);

        enum kol_code code = kol_zone_parse(file.data, file.len, &z, &err);
        check_int(rows[i].rule, code == KOL_OK, rows[i].at_s >= 0);
        if (z)
            check_int(rows[i].rule, kol_zone_offset_s(z, rows[i].at_s), rows[i].expected_s);
    }
}

static int64_t noon_ms(void)
{
    return 1234;
}

static void table_is_replaced(void **state)
{
    struct kol_sys fake = kol_sys_real;
    char a[16] = {0};
    char b[16] = {0};

    (void)state;
    fake.wall_ms = noon_ms;
    kol_sys = &fake;
    int64_t at_ms = kol_wall_ms();
    kol_sys = &kol_sys_real;
    check_int("fake", at_ms, 1234);
    check_true("real", kol_wall_ms() > 1700000000000);

    int64_t before_ms = kol_boot_ms();
    kol_sleep_ms(20);
    check_true("slept", kol_boot_ms() - before_ms >= 19);
    check_int("boot id", strlen(kol_boot_id()), 36);
    kol_random_bytes(a, sizeof a);
    kol_random_bytes(b, sizeof b);
    check_true("random", memcmp(a, b, sizeof a) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso),
        cmocka_unit_test(rfc2822),
        cmocka_unit_test(retry_after),
        cmocka_unit_test(days_in_zones),
        cmocka_unit_test(days_refused),
        cmocka_unit_test(footers),
        cmocka_unit_test(table_is_replaced),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
