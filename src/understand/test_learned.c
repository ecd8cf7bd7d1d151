/*
 * test_learned.c - the learned table: its form is checked, and what it says joins the rules.
 */
#include "base/test.h"
#include "understand/learned.h"
#include "understand/test_lexicon.h"

#define HEAD "# made by hand\nkol-learned 1 bits 8 scale 1000\n"

static void broken_tables_are_refused(void **state)
{
    static const struct {
        const char *head;
        size_t counts; /* zero bytes after it */
        const char *message;
    } rows[] = {
        {"", 0, "no head"},
        {"# only a comment\n", 256, "no head"},
        {"kol-learned 2 bits 8 scale 1000\nplumber\n", 256, "no head"},
        {"kol-learned 1 bits 8 scale 1000 more\nplumber\n", 256, "no head"},
        {"kol-learned 1 bits 40 scale 1000\nplumber\n", 256, "no head"},
        {"kol-learned 1 bits 8 scale 0\nplumber\n", 256, "no head"},
        {HEAD "plumber astronaut\n", 256, "no service"},
        {HEAD "plumber\n", 255, "not as many"},
        {HEAD "plumber\n", 257, "not as many"},
        {HEAD "plumber\n", 256, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_ARENA a = kol_arena_new(0);
        size_t len = strlen(rows[i].head);
        char *text = kol_arena_alloc(a, len + rows[i].counts + 1);
        struct kol_learned l;
        struct kol_err err = {0};
        memcpy(text, rows[i].head, len);
        struct kol_source source = {"table", text, len + rows[i].counts};
        enum kol_code code = kol_learned_read(a, &source, &lexicon->taxonomy, &l, &err);
        check_int(rows[i].head, code, rows[i].message ? KOL_BAD_CONFIG : KOL_OK);
        if (rows[i].message && !strstr(err.msg, rows[i].message))
            fail_msg("\"%s\" does not say \"%s\"", err.msg, rows[i].message);
    }
}

/* A table is not read through before it is needed: what its pairs name is only looked up. */
static void a_class_beyond_the_last_says_nothing(void **state)
{
    static const char head[] = HEAD "plumber locksmith\n";
    (void)state;
    for (unsigned class = 2; class <= 255; class += 253) { /* 2 is "none" */
        KOL_ARENA a = kol_arena_new(0);
        struct kol_lexicon with = *lexicon;
        struct kol_learned l;
        struct kol_err err = {0};
        size_t len = sizeof head - 1;
        char *text = kol_arena_alloc(a, len + 256 * 3);
        memcpy(text, head, len);
        memset(text + len, 1, 256); /* every bucket has one pair */
        for (size_t i = 0; i < 256; i++) {
            text[len + 256 + i * 2] = (char)class;
            text[len + 257 + i * 2] = 100;
        }
        struct kol_source source = {"table", text, len + 256 * 3};
        check_ok("read", kol_learned_read(a, &source, &lexicon->taxonomy, &l, &err), &err);
        with.learned = &l;
        check_str("rules alone", read_call_with(a, &with, "I need a plumber").service.value_en,
                  "plumber");
    }
}

/* No rule knows these: the table speaks, and the evidence is the sentence that says most. */
static void speaks_where_rules_are_silent(void **state)
{
    static const struct {
        const char *text, *service, *quote;
    } rows[] = {
        {"Hello, it's Tom. My trousers are too long, they need taking up before Friday. Bye.",
         "tailor", "My trousers are too long, they need taking up before Friday"},
        {"הסבתא שלי כבר לא מסתדרת לבד במקלחת, צריך מישהי שתהיה איתה", "caregiver",
         "הסבתא שלי כבר לא מסתדרת לבד במקלחת, צריך מישהי שתהיה איתה"},
        {"היי. השרוולים של המעיל ארוכים עליי. אני גר ברמת גן.", "tailor",
         "השרוולים של המעיל ארוכים עליי"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_ARENA a = kol_arena_new(0);
        struct kol_insight r = read_call(a, rows[i].text);
        check_str(rows[i].text, r.service.value_en, rows[i].service);
        check_str(rows[i].text, r.service.rule, "service-learned");
        check_str(rows[i].text, r.service.quote, rows[i].quote);
        check_true("in some doubt", r.service.confidence > 0.2 && r.service.confidence <= 0.97);
        struct kol_insight again = read_call(a, rows[i].text);
        check_true("the same again", r.service.confidence == again.service.confidence);
    }
}

static void is_silent_where_nothing_is_wanted(void **state)
{
    static const char *const rows[] = {
        "Thanks so much, see you tomorrow then, bye",
        "סליחה, חשבתי שזו המאפייה",
        "What time do you close on Sundays?",
        "אני רציתי להגיד תודה רבה על הכל",
        "0501234567",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_ARENA a = kol_arena_new(0);
        check_str(rows[i], read_call(a, rows[i]).service.value_en, NULL);
    }
}

/* A trade that is asked for by its name stays, whatever else is told. */
static void a_name_is_not_overruled(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_insight r = read_call(
        a, "I need a painter. My trousers are too long, they need taking up before Friday.");
    check_str("service", r.service.value_en, "painter");
    check_str("rule", r.service.rule, "service-named");
}

static void a_business_has_the_last_word(void **state)
{
    static const struct {
        const char *own, *service;
    } rows[] = {
        {"only plumber\n", NULL},
        {"only tailor plumber\n", "tailor"},
        {"service costumes\n he תחפושות\n en costumes\n sign trousers + friday\n", "costumes"},
        {"service plumber\n does taking up\n", "plumber"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_ARENA a = kol_arena_new(0);
        struct kol_lexicon *own = NULL;
        struct kol_err err = {0};
        check_ok(
            rows[i].own,
            kol_lexicon_for_business(lexicon, "own", rows[i].own, strlen(rows[i].own), &own, &err),
            &err);
        struct kol_insight r =
            read_call_with(a, own, "My trousers are too long, they need taking up before Friday");
        check_str(rows[i].own, r.service.value_en, rows[i].service);
        kol_lexicon_free(own);
    }
}

/* What stands together is one word as well: "lock smith" and "locksmith" share a bucket. */
static void words_share_buckets(void **state)
{
    static const char *const text[] = {"lock smith", "locksmith"};
    static uint32_t found[2][KOL_LEARNED_FEATURES];
    size_t counts[2], shared = 0;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        KOL_ARENA a = kol_arena_new(0);
        struct kol_insight_turn turn = {.text = text[i], .start_ms = -1, .end_ms = -1};
        struct kol_insight_input in = {.turns = &turn, .turn_count = 1};
        struct kol_insight out = {0};
        struct kol_scene s;
        struct kol_span spans[2];
        struct kol_err err = {0};
        check_ok(text[i], kol_scene_open(a, lexicon, &in, &s, &out, &err), &err);
        check_int("sentences", kol_learned_spans(&s, spans, 2), 1);
        counts[i] = kol_learned_features(&s, spans[0], 0xffff, found[i], KOL_LEARNED_FEATURES);
        check_true("masked", counts[i] > 10 && found[i][3] <= 0xffff);
        check_int("no more than asked for", kol_learned_features(&s, spans[0], 0xffff, found[i], 5),
                  5);
        counts[i] = kol_learned_features(&s, spans[0], 0xffff, found[i], KOL_LEARNED_FEATURES);
    }
    for (size_t i = 0; i < counts[0]; i++)
        for (size_t k = 0; k < counts[1]; k++)
            shared += found[0][i] == found[1][k];
    check_true("the word itself and its pieces", shared > 6);
}

/* Long and odd calls: the number of sentences, words and letters has a limit. */
static void survives_long_calls(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    size_t size = 40000, at = 0;
    char *text = kol_arena_alloc(a, size + 1);
    while (at + 40 < size) {
        memset(text + at, 'a' + (int)(at % 23), at % 37);
        at += at % 37;
        at += (size_t)snprintf(text + at, 4, "%s", at % 3 ? " " : "\xd7\xa9 ");
    }
    struct kol_insight r = read_call(a, text);
    check_true("answered", r.summary != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_tables_are_refused),
        cmocka_unit_test(a_class_beyond_the_last_says_nothing),
        cmocka_unit_test(speaks_where_rules_are_silent),
        cmocka_unit_test(is_silent_where_nothing_is_wanted),
        cmocka_unit_test(a_name_is_not_overruled),
        cmocka_unit_test(a_business_has_the_last_word),
        cmocka_unit_test(words_share_buckets),
        cmocka_unit_test(survives_long_calls),
    };
    return cmocka_run_group_tests_name("learned", tests, load_lexicon, free_lexicon);
}
