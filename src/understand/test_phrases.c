/*
 * test_phrases.c - hundreds of short sayings: the trade that is described but not named, and the
 * town that is meant among several. The rules need not get every one right; fewer than before is a
 * failure.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/test.h"
#include "understand/insight.h"
#include "understand/test_lexicon.h"

/* A line as its label and its words; "\n" in the words ends a turn. */
static bool split_line(char *line, char **ret_label, char **ret_text)
{
    char *tab = strchr(line, '\t');
    if (*line == '#' || !tab)
        return false;
    *tab = 0;
    *ret_label = line;
    *ret_text = tab + 1;
    for (char *p = tab + 1; *p; p++)
        if (p[0] == '\\' && p[1] == 'n') {
            p[0] = '\n';
            p[1] = ' ';
        }
    return true;
}

/* The share of lines of a file whose value is the label; prints the others. */
static double share_right(const char *path, bool city)
{
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    struct kol_err err = {0};
    size_t right = 0, count = 0;
    check_ok(path, kol_file_read(path, 1 << 20, &text, NULL, &err), &err);
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *label, *words;
        if (!split_line(line, &label, &words))
            continue;
        KOL_ARENA a = kol_arena_new(0);
        struct kol_insight r = read_call(a, words);
        const char *got = city ? r.city.value : r.service.value_en;
        bool ok = strcmp(got ? got : "null", label) == 0 ||
                  (city && strcmp(r.city.value_en ? r.city.value_en : "null", label) == 0);
        if (!ok)
            print_message("%s, not %s: %s\n", got ? got : "null", label, words);
        right += ok;
        count++;
    }
    check_true(path, count > 100);
    return (double)right / (double)count;
}

static void knows_what_is_described(void **state)
{
    (void)state;
    check_true("94 % of the services",
               share_right(KOL_TEST_DATA "/../../bench/data/phrases-service.tsv", false) > 0.94);
}

static void knows_where_the_work_is(void **state)
{
    (void)state;
    check_true("95 % of the towns",
               share_right(KOL_TEST_DATA "/../../bench/data/phrases-city.tsv", true) > 0.95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_is_described),
        cmocka_unit_test(knows_where_the_work_is),
    };
    return cmocka_run_group_tests_name("phrases", tests, load_lexicon, free_lexicon);
}
