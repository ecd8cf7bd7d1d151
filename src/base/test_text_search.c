/* Words, stems, queries and snippets of search, in Hebrew and English. */
#include "base/cleanup.h"
#include "base/test.h"
#include "base/text_search.h"

static void words_of(const char *text, size_t len, struct kol_str *ret)
{
    struct kol_search_scan scan = {.text = text, .len = len};
    struct kol_search_word word;

    while (kol_search_next(&scan, &word))
        kol_str_add_fmt(ret, "%s%s", ret->len ? " " : "", word.norm);
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", ""},
        {" .,!? \n", ""},
        {"I need a LOCKSMITH, now!", "i need a locksmith now"},
        {"don't the plumber’s 'quoted'", "dont the plumbers quoted"},
        {"Café naïve Ångström", "cafe naive angstrom"},
        {"050-123 4567", "050 123 4567"},
        {"תל־אביב", "תל אביב"},
        {"ת\"א צה״ל ג'ורג' רח׳", "תא צהל גורג רח"},
        {"שָׁלוֹם", "שלומ"},
        {"\xef\xac\xaa\xd7\x9c", "של"}, /* shin with its dot as one code point */
        {"מים לחץ ארץ כסף בן מלך", "מימ לחצ ארצ כספ בנ מלכ"},
        {"קריית וואטסאפ", "קרית ואטסאפ"},
        {"בית\xe2\x80\x8f ספר", "בית ספר"}, /* a direction mark behind a word */
        {"\"בית\" (ספר)", "בית ספר"},
        {"wo\xffrd ab\xd7", "wo rd ab"}, /* no UTF-8 */
        {"한국어", "한국어"},
    };

    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        KOL_STR s;

        kol_str_init(&s, 1000);
        words_of(rows[i].text, strlen(rows[i].text), &s);
        check_str(rows[i].text, s.data, rows[i].words);
    }
}

static void test_a_nul_and_a_long_word_do_no_harm(void **state)
{
    (void)state;
    struct kol_search_scan scan = {.text = "one\0two", .len = 7};
    struct kol_search_word word;
    char text[1000];

    assert_true(kol_search_next(&scan, &word));
    assert_string_equal(word.norm, "one");
    assert_true(kol_search_next(&scan, &word));
    assert_string_equal(word.norm, "two");
    memset(text, 'x', sizeof(text));
    scan = (struct kol_search_scan){.text = text, .len = sizeof(text)};
    assert_true(kol_search_next(&scan, &word));
    assert_int_equal(word.len, sizeof(text));
    assert_int_equal(strlen(word.norm), KOL_SEARCH_NORM_BYTES - 1);
    assert_false(kol_search_next(&scan, &word));
}

static void test_english_stems(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"caresses", "caress"},
        {"ponies", "poni"},
        {"cats", "cat"},
        {"agreed", "agre"},
        {"plastered", "plaster"},
        {"motoring", "motor"},
        {"conflated", "conflat"},
        {"troubled", "troubl"},
        {"sized", "size"},
        {"hopping", "hop"},
        {"falling", "fall"},
        {"filing", "file"},
        {"happy", "happi"},
        {"sky", "sky"},
        {"relational", "relat"},
        {"conditional", "condit"},
        {"rational", "ration"},
        {"digitizer", "digit"},
        {"operator", "oper"},
        {"hopefulness", "hope"},
        {"electrical", "electr"},
        {"goodness", "good"},
        {"adjustment", "adjust"},
        {"adoption", "adopt"},
        {"effective", "effect"},
        {"rate", "rate"},
        {"cease", "ceas"},
        {"controlling", "control"},
        {"roll", "roll"},
        {"locksmiths", "locksmith"},
        {"a", "a"},
        {"is", "is"},
        {"ing", "ing"},
        {"sss", "sss"},
    };

    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        char word[64];

        snprintf(word, sizeof(word), "%s", rows[i][0]);
        kol_stem_english(word);
        check_str(rows[i][0], word, rows[i][1]);
    }
}

/* How many words of the query a text answers, and what is marked in it, in brackets. */
static size_t marked(const char *query_text, const char *text, struct kol_str *ret)
{
    struct kol_search_query query;
    struct kol_search_mark marks[20];
    struct kol_err err;
    size_t terms = 0, at = 0;

    check_ok(query_text, kol_search_parse(query_text, &query, &err), &err);
    const size_t n = kol_search_find(&query, text, marks, KOL_COUNT(marks), &terms);
    for (size_t i = 0; i < n; i++) {
        kol_str_add_bytes(ret, text + at, marks[i].start - at);
        kol_str_add_char(ret, '[');
        kol_str_add_bytes(ret, text + marks[i].start, marks[i].end - marks[i].start);
        kol_str_add_char(ret, ']');
        at = marks[i].end;
    }
    kol_str_add(ret, text + at);
    return terms;
}

static void test_what_finds_what(void **state)
{
    (void)state;
    static const struct {
        const char *query, *text, *marked;
        size_t terms;
    } rows[] = {
        {"מנעולן", "צריך מנעולן, המנעולן והמנעולן", "צריך [מנעולן], [המנעולן] [והמנעולן]", 1},
        {"מנעולן", "למנעולן כשהמנעולן שבמנעולן", "[למנעולן] [כשהמנעולן] [שבמנעולן]", 1},
        {"המנעולן", "מנעולן ולכשהמנעולן", "[מנעולן] [ולכשהמנעולן]", 1},
        {"בעפולה", "אני מעפולה", "אני [מעפולה]", 1},
        {"אביב", "תל־אביב", "תל־[אביב]", 1},
        {"ת\"א", "גר בת״א", "גר [בת״א]", 1},
        {"שלום", "שָׁלוֹם לכולם", "[שָׁלוֹם] לכולם", 1},
        {"קרית אתא", "קריית אתא", "[קריית] [אתא]", 2},
        {"מים", "הלכנו לים", "הלכנו לים", 0},
        {"ים", "הלכנו לים", "הלכנו [לים]", 1},
        {"whatsapp", "בהWhatsApp שלי", "[בהWhatsApp] שלי", 1},
        {"locksmith", "LOCKSMITHS and a lock", "[LOCKSMITHS] and a lock", 1},
        {"leaking", "The pipe leaks; it leaked.", "The pipe [leaks]; it [leaked].", 1},
        {"plumber", "the plumber's van", "the [plumber's] van", 1},
        {"café", "the cafe", "the [cafe]", 1},
        {"door key", "the key is inside", "the [key] is inside", 1},
        {"דלת", "door", "door", 0},
        {"0521234567", "call 052-123-4567", "call [052]-[123]-[4567]", 1},
        {"0521234567", "call 0521234567", "call [0521234567]", 1},
    };

    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        KOL_STR s;

        kol_str_init(&s, 1000);
        check_int(rows[i].query, marked(rows[i].query, rows[i].text, &s), rows[i].terms);
        check_str(rows[i].query, s.data, rows[i].marked);
    }
}

static void test_match_expressions(void **state)
{
    (void)state;
    static const struct {
        const char *query, *match; /* NULL: refused */
    } rows[] = {
        {"locks", "(\"lock\")"},
        {"a OR b", "(\"a\") AND (\"or\") AND (\"b\")"},
        {"\"key\" NEAR/5 -summary:*", "(\"kei\") AND (\"near\") AND (\"5\") AND (\"summari\")"},
        {"key KEYS", "(\"kei\")"},
        {"0521234567", "(\"0521234567\" OR \"052\" AND \"123\" AND \"4567\")"},
        {"052123456", "(\"052123456\")"},
        {"הבית", "(\"הבית\" OR \"בית\")"},
        {"'; DROP TABLE call; --", "(\"drop\") AND (\"tabl\") AND (\"call\")"},
        {"", NULL},
        {" \"*():^-+ ", NULL},
        {"\xff\xfe", NULL},
        {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", NULL},
    };

    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct kol_search_query query;
        struct kol_err err = {0};
        KOL_STR s;

        kol_str_init(&s, 10000);
        enum kol_code code = kol_search_parse(rows[i].query, &query, &err);
        check_code(rows[i].query, code, rows[i].match ? KOL_OK : KOL_BAD_INPUT, &err);
        if (code == KOL_OK)
            kol_search_add_match(&s, &query);
        check_str(rows[i].query, s.data, rows[i].match ? rows[i].match : "");
    }
}

static void test_too_long_a_query_is_refused(void **state)
{
    (void)state;
    char text[KOL_SEARCH_QUERY_BYTES + 2];
    struct kol_search_query query;
    struct kol_err err;

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    check_code("long", kol_search_parse(text, &query, &err), KOL_BAD_INPUT, &err);
    text[sizeof(text) - 2] = '\0';
    check_ok("longest", kol_search_parse(text, &query, &err), &err);
}

static void test_snippets(void **state)
{
    (void)state;
    struct kol_search_query query;
    struct kol_err err;
    struct kol_snippet s;
    KOL_STR text;

    check_ok("parse", kol_search_parse("מפתח", &query, &err), &err);
    kol_search_snippet(&query, "שכחתי את המפתח בבית", &s);
    check_int("short", s.offset, 0);
    check_int("short", s.marks[0].start, 9);
    check_int("short", s.marks[0].end, 14);
    kol_search_snippet(&query, "שום דבר", &s);
    check_int("none", s.terms, 0);

    kol_str_init(&text, 10000);
    for (int i = 0; i < 100; i++)
        kol_str_add(&text, "מילה ");
    kol_str_add(&text, "והמפתח");
    for (int i = 0; i < 100; i++)
        kol_str_add(&text, " מילה");
    kol_search_snippet(&query, text.data, &s);
    check_true("long", s.offset > 400 && s.offset < 500 && s.len <= KOL_SNIPPET_BYTES);
    check_true("long", kol_utf8_valid(text.data + s.at, s.len));
    check_int("long", s.offset + s.marks[0].start, 500);
    check_int("long", s.marks[0].end - s.marks[0].start, 6);
}

static void test_the_index_has_every_form(void **state)
{
    (void)state;
    KOL_STR s;

    kol_str_init(&s, 1000);
    kol_search_add_index(&s, "ושבבית, keys");
    assert_string_equal(s.data, "ושבבית שבבית בבית בית kei ");
    kol_str_clear(&s);
    kol_search_add_index(&s, NULL);
    assert_string_equal(s.data, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_a_nul_and_a_long_word_do_no_harm),
        cmocka_unit_test(test_english_stems),
        cmocka_unit_test(test_what_finds_what),
        cmocka_unit_test(test_match_expressions),
        cmocka_unit_test(test_too_long_a_query_is_refused),
        cmocka_unit_test(test_snippets),
        cmocka_unit_test(test_the_index_has_every_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
