#include "base/language.h"
#include "base/test.h"

static void canonical(void **state)
{
    static const struct {
        const char *code, *expected;
    } rows[] = {{"he", "he"},   {"iw", "he"},    {"HE", "he"}, {"iw-IL", "he"}, {"en_US", "en"},
                {"haw", "haw"}, {"auto", NULL},  {"", NULL},   {"x", NULL},     {"hebrew", NULL},
                {NULL, NULL},   {"he,en", NULL}, {"zz", NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_str(rows[i].code ? rows[i].code : "NULL", kol_language_canonical(rows[i].code),
                  rows[i].expected);
}

static void lists(void **state)
{
    static const struct {
        const char *text;
        int count; /* -1: refused */
        const char *first;
    } rows[] = {{"auto", 0, NULL},
                {"", 0, NULL},
                {"he", 1, "he"},
                {"iw,en", 2, "he"},
                {" en , he ", 2, "en"},
                {"he,", -1, NULL},
                {"he,auto", -1, NULL},
                {"he en", -1, NULL},
                {",", -1, NULL},
                {"en,fr,de,es,it,ru,ar,am", 8, "en"},
                {"en,fr,de,es,it,ru,ar,am,he", -1, NULL}};
    const char *list[KOL_LANGUAGES_MOST];
    size_t count;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const bool good = kol_language_read(rows[i].text, list, &count);
        check_int(rows[i].text, good ? (int)count : -1, rows[i].count);
        if (rows[i].first)
            check_str(rows[i].text, list[0], rows[i].first);
    }
    check_true("auto has he", kol_language_includes("auto", "he"));
    check_true("auto has no fr", !kol_language_includes("auto", "fr"));
    check_true("list", kol_language_includes("en,iw", "he"));
    check_true("nonsense has none", !kol_language_includes("nonsense", "he"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(canonical), cmocka_unit_test(lists)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
