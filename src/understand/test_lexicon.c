#include "understand/test_lexicon.h"
#include "base/test.h"
#include "understand/lexicon.h"

static void builtin_is_whole(void **state)
{
    (void)state;
    check_true("services", lexicon->taxonomy.service_count > 80);
    check_true("places", lexicon->places->place_count > 4000);
    check_true("names", kol_is_first_name(lexicon, "דנה") && kol_is_first_name(lexicon, "helen") &&
                            !kol_is_first_name(lexicon, "plumber"));
}

static void finds_places(void **state)
{
    static const struct {
        const char *text, *en; /* of a match at the first word; NULL: none */
        char prefix;
    } rows[] = {
        {"Haifa", "Haifa", 0},
        {"Heyfa", "Haifa", 0},
        {"Round Rock", "Round Rock", 0},
        {"בחיפה", "Haifa", 'b'},
        {"בת\"א", "Tel Aviv", 'b'},
        {"לראשל\"צ", "Rishon LeZion", 'l'},
        {"קרית גת", "Kiryat Gat", 0},
        {"קריית־גת", "Kiryat Gat", 0},
        {"מפתח תקווה", "Petah Tikva", 'm'},
        {"לביתשמש", "Beit Shemesh", 'l'},
        {"הרצליה", "Herzliya", 0},
        {"הרצלייה פיתוח", "Herzliya", 0},
        {"Be'er Sheva", "Be'er Sheva", 0},
        {"באר שבע", "Be'er Sheva", 0},
        {"נצרת עילית", "Nof HaGalil", 0},
        {"מטבח", NULL, 0},
        {"window", NULL, 0},
        {"בית, שמש", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_ARENA a = kol_arena_new(0);
        struct kol_insight_turn turn = {.text = rows[i].text};
        struct kol_insight_input in = {.turns = &turn, .turn_count = 1};
        struct kol_talk talk;
        struct kol_place_match m;
        struct kol_err err = {0};
        check_ok(rows[i].text, kol_talk_build(a, &in, &talk, &err), &err);
        bool found = kol_places_match(lexicon->places, &talk, 0, &m);
        check_str(rows[i].text, found ? lexicon->places->places[m.place].en : NULL, rows[i].en);
        check_int(rows[i].text, m.prefix, rows[i].prefix);
    }
}

static void says_line_and_reason(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"nonsense here\n", "own:1: \"nonsense\" is none of set, service, he, en, name, does, "
                            "sign, hint, thing, only"},
        {"\n\nname plumber\n", "own:3: cues before any service"},
        {"service Bad_Id\n",
         "own:1: a service's id has small letters, digits and hyphens: \"Bad_Id\""},
        {"only locksmith chef-x\n", "own:1: no service \"chef-x\""},
        {"service new-one\n  he משהו\n", "own: service new-one has no English name"},
        {"service locksmith\n  does {nothing} + a\n", "own:2: no set {nothing}"},
        {"service locksmith\n  does a + b + c + d + e\n", "own:2: more than four parts in a cue"},
        {"service locksmith\n  name a / / b\n", "own:2: an empty alternative"},
        {"set x\n", "own:1: a set is written: set NAME = WORDS"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_lexicon *l = NULL;
        struct kol_err err = {0};
        check_code(
            rows[i].text,
            kol_lexicon_for_business(lexicon, "own", rows[i].text, strlen(rows[i].text), &l, &err),
            KOL_BAD_CONFIG, &err);
        check_str(rows[i].text, err.msg, rows[i].message);
    }
}

static const char *service_of(const struct kol_lexicon *l, struct kol_arena *a, const char *text)
{
    struct kol_insight_turn turn = {.text = text, .start_ms = -1, .end_ms = -1};
    struct kol_insight_input in = {.turns = &turn, .turn_count = 1};
    struct kol_insight r;
    struct kol_err err = {0};
    check_ok(text, kol_insight_extract(a, l, &in, &r, &err), &err);
    return r.service.value_en;
}

static void business_adds_and_restricts(void **state)
{
    static const char own[] =
        "service drone-show\n  he מופע רחפנים\n  en drone show\n  name drones / רחפנים\n"
        "service locksmith\n  does smart lock\nonly drone-show locksmith\n";
    struct kol_lexicon *l = NULL;
    struct kol_err err = {0};
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    check_ok("own", kol_lexicon_for_business(lexicon, "own", own, strlen(own), &l, &err), &err);
    check_str("new", service_of(l, a, "Hi, I need drones for a wedding in Haifa"), "drone-show");
    check_str("more words", service_of(l, a, "Do you put in a smart lock?"), "locksmith");
    check_str("not offered", service_of(l, a, "I need a plumber, the tap is dripping"), NULL);
    check_str("denied", service_of(l, a, "I don't need a locksmith, I need drones"), "drone-show");
    check_str("corrected",
              service_of(l, a, "Drones please, sorry, no, a locksmith, I'm locked out"),
              "locksmith");
    check_str("denied he", service_of(l, a, "אני לא צריך מנעולן, אני צריך רחפנים"), "drone-show");
    check_str("its own denied", service_of(l, a, "We don't need drones in Haifa"), NULL);
    check_str("denied", service_of(lexicon, a, "Not a plumber, an electrician please"),
              "electrician");
    check_str("denied he", service_of(lexicon, a, "לא אינסטלטור, חשמלאי בבקשה"), "electrician");
    check_str("corrected", service_of(lexicon, a, "I need a plumber, I mean an electrician"),
              "electrician");
    check_str("corrected he", service_of(lexicon, a, "אני צריך אינסטלטור, סליחה, התכוונתי לחשמלאי"),
              "electrician");
    check_str("base is as it was", service_of(lexicon, a, "I need a plumber, the tap is dripping"),
              "plumber");
    kol_lexicon_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtin_is_whole),
        cmocka_unit_test(finds_places),
        cmocka_unit_test(says_line_and_reason),
        cmocka_unit_test(business_adds_and_restricts),
    };
    return cmocka_run_group_tests_name("lexicon", tests, load_lexicon, free_lexicon);
}
