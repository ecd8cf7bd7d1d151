/* test_str.c - strings, UTF-8 and the arena. */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/test.h"

static void grows_up_to_its_maximum(void **state)
{
    KOL_STR s;

    (void)state;
    kol_str_init(&s, 10);
    check_str("new", s.data, "");
    kol_str_add(&s, "12345");
    kol_str_add_char(&s, '6');
    kol_str_add_fmt(&s, "%d", 789);
    check_str("added", s.data, "123456789");
    kol_str_add_fmt(&s, "%s", "ab");
    check_true("too long", kol_str_failed(&s));
    check_str("kept", s.data, "123456789");
    kol_str_add(&s, "x");
    check_str("sticky", s.data, "123456789");
    kol_str_clear(&s);
    kol_str_add(&s, "1234567890");
    check_true("exactly the maximum", !kol_str_failed(&s));
    check_int("length", s.len, 10);
}

static void hands_over(void **state)
{
    KOL_STR s;

    (void)state;
    kol_str_init(&s, 100);
    char *empty = kol_str_take(&s);
    check_str("empty", empty, "");
    free(empty);
    kol_str_add_bytes(&s, "a\0b", 3);
    char *taken = kol_str_take(&s);
    check_int("bytes", memcmp(taken, "a\0b", 4), 0);
    check_int("emptied", s.len, 0);
    free(taken);
    kol_str_add_fmt(&s, "%200d", 1);
    check_true("failed", kol_str_take(&s) == NULL);
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"+7", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"- 1", false, 0},
        {"0x10", false, 0},
        {"1.5", false, 0},
        {"null", false, 0},
        {NULL, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *row = rows[i].text ? rows[i].text : "(null)";
        int64_t v = 0;
        check_int(row, kol_parse_i64(rows[i].text, &v), rows[i].ok);
        check_int(row, v, rows[i].value);
    }
}

static void small_helpers(void **state)
{
    (void)state;
    check_true("nulls", kol_streq(NULL, NULL) && !kol_streq(NULL, "") && !kol_streq("", NULL));
    check_true("empty", kol_str_empty(NULL) && kol_str_empty("") && !kol_str_empty(" "));
    check_true("starts", kol_starts_with("abc", "ab") && !kol_starts_with("a", "ab"));
    check_true("ends", kol_ends_with("a.mp3", ".mp3") && !kol_ends_with("mp3", ".mp3"));
}

static void utf8(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        bool valid;
    } rows[] = {
        {"", 0, true},
        {"abc", 3, true},
        {"עפולה", 5, true},
        {"€", 1, true},
        {"😀a", 2, true},
        {"\x80", 1, false},
        {"\xc0\xaf", 2, false},                /* overlong '/' */
        {"\xe0\x80\xaf", 3, false},            /* the same, longer */
        {"\xed\xa0\x80", 3, false},            /* a surrogate */
        {"\xf4\x90\x80\x80", 4, false},        /* above U+10FFFF */
        {"\xf0\x8f\xbf\xbf", 4, false},        /* overlong U+FFFF */
        {"\xd7", 1, false},                    /* cut */
        {"a\xe2\x82", 3, false},               /* cut */
        {"\xf4\x8f\xbf\xbf", 1, true},         /* U+10FFFF */
        {"\xed\x9f\xbf\xee\x80\x80", 2, true}, /* both sides of the surrogates */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_int(rows[i].text, kol_utf8_count(rows[i].text), rows[i].count);
        check_int(rows[i].text, kol_utf8_valid(rows[i].text, strlen(rows[i].text)), rows[i].valid);
    }
}

static void clips_between_characters(void **state)
{
    static const struct {
        const char *text;
        size_t max_bytes, expected;
    } rows[] = {
        {"", 5, 0},   {"abc", 2, 2}, {"abc", 9, 3}, {"אב", 0, 0},       {"אב", 1, 0},
        {"אב", 2, 2}, {"אב", 3, 2},  {"אב", 4, 4},  {"a€", 3, 1},       {"a€", 4, 4},
        {"😀", 3, 0},  {"😀", 4, 4},   {"x😀", 2, 1},  {"\x80\x80", 2, 2}, {"\x80\x80", 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_int(rows[i].text, kol_utf8_clip(rows[i].text, rows[i].max_bytes), rows[i].expected);
}

static void arena_gives_zeroed_aligned_memory(void **state)
{
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t size = 0; size < 20000; size += 37) {
        unsigned char *p = kol_arena_alloc(a, size);
        check_int("aligned", (uintptr_t)p % 16, 0);
        for (size_t i = 0; i < size; i++)
            check_int("zeroed", p[i], 0);
        memset(p, 0xff, size);
    }
    kol_arena_reset(a);
    unsigned char *p = kol_arena_alloc(a, 100);
    for (size_t i = 0; i < 100; i++)
        check_int("zeroed again", p[i], 0);
}

static void arena_fails_for_good(void **state)
{
    KOL_ARENA a = kol_arena_new(100);

    (void)state;
    check_true("small", kol_arena_alloc(a, 64) != NULL);
    check_true("over the limit", kol_arena_alloc(a, 64) == NULL);
    check_true("sticky", kol_arena_alloc(a, 1) == NULL && kol_arena_failed(a));
    kol_arena_reset(a);
    check_true("after reset", kol_arena_alloc(a, 1) != NULL && !kol_arena_failed(a));
    check_true("overflow", kol_arena_array(a, SIZE_MAX / 2, 3) == NULL && kol_arena_failed(a));
    kol_arena_reset(a);
    check_true("huge", kol_arena_alloc(a, SIZE_MAX) == NULL && kol_arena_failed(a));
}

static void arena_text(void **state)
{
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    check_true("null", kol_arena_str(a, NULL) == NULL && kol_arena_strn(a, NULL, 3) == NULL);
    check_str("copy", kol_arena_str(a, "abc"), "abc");
    check_str("part", kol_arena_strn(a, "abc", 2), "ab");
    check_str("format", kol_arena_fmt(a, "%s-%d", "x", 5), "x-5");
    check_int("long", strlen(kol_arena_fmt(a, "%9000d", 5)), 9000);
    check_true("fine", !kol_arena_failed(a));
}

static void arena_splits_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *first, *last;
    } rows[] = {
        {NULL, 0, NULL, NULL},
        {"", 0, NULL, NULL},
        {" , ,", 0, NULL, NULL},
        {"Haifa", 1, "Haifa", "Haifa"},
        {" Haifa ,\tGolan Locks\n", 2, "Haifa", "Golan Locks"},
        {"a,b,c,d", 3, "a", "c"},
    };
    KOL_ARENA a = kol_arena_new(0);

    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        const char *list[3] = {NULL};
        size_t n = kol_arena_split(a, rows[i].text, list, KOL_COUNT(list));

        check_int(rows[i].text ? rows[i].text : "NULL", n, rows[i].count);
        check_str("first", list[0], rows[i].first);
        check_str("last", n ? list[n - 1] : NULL, rows[i].last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_up_to_its_maximum),
        cmocka_unit_test(hands_over),
        cmocka_unit_test(numbers),
        cmocka_unit_test(small_helpers),
        cmocka_unit_test(utf8),
        cmocka_unit_test(clips_between_characters),
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_fails_for_good),
        cmocka_unit_test(arena_text),
        cmocka_unit_test(arena_splits_lists),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
