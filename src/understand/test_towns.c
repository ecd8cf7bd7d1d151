/*
 * test_towns.c - every town of bench/data/towns.tsv, as it is spoken, in ordinary sentences: is it
 * found at all?
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/test.h"
#include "understand/insight.h"
#include "understand/test_lexicon.h"

#define EACH 4 /* sentences a town is tried in; the next town goes on with the next ones */

/* %s is the town; a line break starts a turn. */
static const char *const hebrew[] = {
    "אני צריך חשמלאי ב%s.",
    "אני גר ב%s ויש לי נזילה במטבח.",
    "אני צריכה מנעולן ל%s בבקשה.",
    "שלום, אני מ%s, המזגן לא מקרר.",
    "נציג: איפה את נמצאת?\nלקוח: %s.\nנציג: ומה הבעיה?\nלקוח: סתימה בכיור.",
    "נציג: מאיפה אתה?\nלקוח: אני ב%s, יש לי קצר בחשמל.",
    "אמרתי לו שב%s צריך להחליף צילינדר.",
    "נציג: לאיזו עיר?\nלקוח: ל%s.\nנציג: מחר.\nלקוח: אני צריך לצבוע סלון.",
    "זה ב%s, ליד אשדוד. צריך שרברב.",
    "הבית ב%s ואנחנו צריכים הדברה.",
    "כשהגענו הביתה, וב%s אנחנו גרים, לא היה חשמל.",
};
static const char *const english[] = {
    "I need a plumber in %s.",
    "I live in %s and my sink is blocked.",
    "Hi, I'm calling from %s, my AC stopped working.",
    "Agent: Where are you?\nCustomer: %s.\nAgent: What's wrong?\nCustomer: My toilet is clogged.",
    "Agent: What city?\nCustomer: It's in %s. I need an electrician.",
    "Do you come out to %s? I need a locksmith.",
    "The house is in %s and we need a painter.",
    "I'm in %s, my car broke down and I need a tow.",
};

static bool finds(const char *carrier, const char *spoken, const char *want)
{
    KOL_ARENA a = kol_arena_new(0);
    const char *at = strstr(carrier, "%s");
    const char *text =
        kol_arena_fmt(a, "%.*s%s%s", (int)(at - carrier), carrier, spoken, at + strlen("%s"));
    struct kol_insight r = read_call(a, text);
    bool right =
        r.city.value && (strcmp(r.city.value, want) == 0 || strcmp(r.city.value_en, want) == 0);
    if (!right)
        print_message("%s, not %s: %s\n", r.city.value ? r.city.value : "null", want, text);
    return right;
}

static void finds_towns_as_they_are_said(void **state)
{
    (void)state;
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    struct kol_err err = {0};
    const char *path = KOL_TEST_DATA "/../../bench/data/towns.tsv";
    check_ok(path, kol_file_read(path, 1 << 20, &text, NULL, &err), &err);
    size_t right = 0, count = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        const char *spoken = *line == '#' ? NULL : strsep(&line, "\t");
        if (!spoken || !line)
            continue;
        bool latin = (unsigned char)*spoken < 0x80;
        size_t carriers = latin ? KOL_COUNT(english) : KOL_COUNT(hebrew);
        for (size_t k = 0; k < EACH; k++)
            right += finds((latin ? english : hebrew)[count++ % carriers], spoken, line);
    }
    print_message("%zu of %zu\n", right, count);
    check_true("hundreds of towns", count > 2000);
    check_true("99 % of them", (double)right > 0.99 * (double)count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_towns_as_they_are_said)};
    return cmocka_run_group_tests_name("towns", tests, load_lexicon, free_lexicon);
}
