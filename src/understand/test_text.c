#include "base/test.h"
#include "understand/scene.h"
#include "understand/sound.h"

static struct kol_talk talk_of(struct kol_arena *a, const char *text, const char *role)
{
    struct kol_insight_turn *turn = kol_arena_alloc(a, sizeof *turn);
    *turn = (struct kol_insight_turn){.text = text, .role = role, .start_ms = -1, .end_ms = -1};
    struct kol_insight_input in = {.turns = turn, .turn_count = 1};
    struct kol_talk talk;
    struct kol_err err = {0};
    check_ok(text, kol_talk_build(a, &in, &talk, &err), &err);
    return talk;
}

static void folds(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"Haifa", "haifa"}, {"Be'er", "beer"},   {"Ra’anana", "raanana"}, /* kol_clean makes the
                                                                             quote plain first */
        {"CAFÉ", "cafe"},   {"חֵיפָה", "חיפה"},    {"הרצלייה", "הרצליה"},   {"תקווה", "תקוה"},
        {"בת-ים", "בת-ימ"}, {"ג'וקים", "גוקימ"}, {"ת\"א", "ת\"א"},        {"", ""},
    };
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *clean = kol_clean(a, rows[i].in, strlen(rows[i].in));
        check_str(rows[i].in, kol_fold(a, clean, strlen(clean)), rows[i].out);
    }
}

static void cleans(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain", "plain"},
        {"a\x80z", "a\xef\xbf\xbdz"},   /* a lone continuation byte */
        {"a\xc3", "a\xef\xbf\xbd"},     /* cut off */
        {"a\u202e\u2066z\u200f", "az"}, /* overrides, isolates and marks go */
        {"a\x01\x02z", "a  z"},
        {"קריית־גת", "קריית-גת"},
        {"ת״א", "ת\"א"},
    };
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_str(rows[i].in, kol_clean(a, rows[i].in, strlen(rows[i].in)), rows[i].out);
}

static void splits_words(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_talk t = talk_of(a, "Hi, Mr. Cohen! לא בת\"א. Ok?", NULL);
    check_int("words", t.word_count, 6);
    check_str("3rd", t.words[2].norm, "cohen");
    check_int("no stop after Mr.", t.words[2].gap, KOL_GAP_SPACE);
    check_str("abbreviation", t.words[4].norm, "בת\"א");
    check_int("sentences", t.sentence_count, 3);
    check_true("question", t.sentences[2].question);
    check_true("no question", !t.sentences[1].question);
}

static void strips_prefixes(void **state)
{
    static const struct {
        const char *word, *stem;
        char place;
    } rows[] = {
        {"בחיפה", "חיפה", 'b'},       {"מנתניה", "נתניה", 'm'}, {"לעכו", "עכו", 'l'},
        {"כשבכרמיאל", "כרמיאל", 'b'}, {"ובלוד", "לוד", 'b'},    {"שמחדרה", "חדרה", 'm'},
        {"מהמושב", "מושב", 'm'},      {"והבית", "בית", 0},
    };
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_talk t = talk_of(a, rows[i].word, NULL);
        bool found = false;
        for (size_t s = 0; s < t.words[0].stem_count; s++)
            found |= kol_streq(t.words[0].stems[s].text, rows[i].stem) &&
                     t.words[0].stems[s].place == rows[i].place;
        check_true(rows[i].word, found);
    }
}

static void matches_phrases(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_talk t = talk_of(a, "I don't need a plumber, ולא צריך עזרה", NULL);
    check_int("longest", kol_phrase_at(&t, 1, "don't|don't need|dont need a"), 3);
    check_int("none", kol_phrase_at(&t, 0, "you|we"), 0);
    check_int("ending", kol_phrase_at(&t, 4, "plumb*"), 1);
    check_int("ו", kol_phrase_at(&t, 5, "לא צריך"), 2);
    check_true("before", kol_phrase_before(&t, 4, "need a"));
}

static void reads_numbers(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
        size_t words;
    } rows[] = {
        {"six hundred", 600, 2},
        {"one hundred and twenty nine dollars", 129, 5},
        {"1,200 shekels", 1200, 1},
        {"two thousand six hundred a month", 2600, 4},
        {"thirteen thousand", 13000, 2},
        {"אלף מאתיים", 1200, 2},
        {"שלושת אלפים וחמש מאות", 3500, 4},
        {"אלפיים", 2000, 1},
        {"שמונים ושניים מטר", 82, 2},
        {"מאה ועשרים", 120, 2},
        {"חמישים וחמישה אלף", 55000, 3},
        {"מיליון ומאתיים", 1000200, 2},
        {"שלוש עשרה", 13, 2},
        {"לאלפיים", 2000, 1},
        {"hello", 0, 0},
        {"3rd floor", 0, 0},
    };
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_talk t = talk_of(a, rows[i].text, NULL);
        int64_t n;
        check_int(rows[i].text, kol_spoken_number(&t, 0, &n), rows[i].words);
        if (rows[i].words)
            check_int(rows[i].text, n, rows[i].number);
    }
}

static void reads_digits(void **state)
{
    static const struct {
        const char *text, *digits;
        size_t words;
    } rows[] = {
        {"oh", "0", 1},
        {"double seven", "77", 2},
        {"triple five", "555", 2},
        {"three times five", "555", 3},
        {"שלוש פעמים חמש", "555", 3},
        {"twelve times five", "12", 1},
        {"three times", "3", 1},
        {"nine hundred", "900", 2},
        {"twenty nine", "29", 2},
        {"054", "054", 1},
        {"אפס", "0", 1},
        {"עשרים ותשע", "29", 2},
        {"שלוש עשרה", "13", 2},
        {"hello", "", 0},
        {"1,200", "", 0},
    };
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char digits[16];
        struct kol_talk t = talk_of(a, rows[i].text, NULL);
        check_int(rows[i].text, kol_spoken_digits(&t, 0, digits, sizeof digits), rows[i].words);
        check_str(rows[i].text, digits, rows[i].digits);
    }
}

/* Points stand for letters: "בְּצֹרָן" is צורן, too; "אני צריח" is no tower. */
static void knows_other_spellings(void **state)
{
    static const struct {
        const char *text, *stem;
        bool has;
    } rows[] = {
        {"בְּצֹרָן", "צורנ", true},   {"פִּנָּה", "פינה", true},    {"רֹאשׁ", "רואש", false},
        {"חֹל", "חול", true},      {"וֹ", "ווֹ", false},       {"צריח", "צריכ", true},
        {"מחפסת", "מחפשת", true}, {"מִסְפָּר", "מיספר", false},
    };
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_talk t = talk_of(a, rows[i].text, NULL);
        bool has = false;
        for (size_t k = 0; k < t.words[0].stem_count; k++)
            has |= strcmp(t.words[0].stems[k].text, rows[i].stem) == 0;
        check_int(rows[i].text, has, rows[i].has);
    }
}

static void hears_alike(void **state)
{
    static const struct {
        const char *a, *b;
        bool alike;
    } rows[] = {
        {"עפולא", "עפולה", true}, {"מנהולנ", "מנעולנ", true}, {"השמלאי", "חשמלאי", true},
        {"תבריה", "טבריה", true}, {"heyfa", "haifa", true},   {"חדר", "חדרה", true},
        {"דירה", "גדרה", false},  {"london", "lindon", true}, {"boston", "austin", false},
        {"חיפה", "haifa", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_int(rows[i].a,
                  kol_sound_distance(rows[i].a, rows[i].b) <=
                      0.85 - 0.35 * ((uint8_t)rows[i].a[0] >= 0xd7),
                  rows[i].alike);
    check_true("key", kol_sound_distance("x", "") >= KOL_SOUND_FAR);
    char one[16], two[16];
    kol_sound_key("heypha", one, sizeof one);
    kol_sound_key("haifa", two, sizeof two);
    check_str("same sounds", one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds),           cmocka_unit_test(cleans),
        cmocka_unit_test(splits_words),    cmocka_unit_test(strips_prefixes),
        cmocka_unit_test(matches_phrases), cmocka_unit_test(reads_numbers),
        cmocka_unit_test(reads_digits),    cmocka_unit_test(knows_other_spellings),
        cmocka_unit_test(hears_alike),
    };
    return cmocka_run_group_tests_name("understand text", tests, NULL, NULL);
}
