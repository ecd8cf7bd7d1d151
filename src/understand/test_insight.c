#include "base/cleanup.h"
#include "base/file.h"
#include "base/test.h"
#include "understand/insight.h"
#include "understand/test_lexicon.h"
#include <time.h>

static void finds_service_and_city(void **state)
{
    static const struct {
        const char *text, *service, *city;
    } rows[] = {
        {"שלום, אני צריך מנעולן בעפולה", "מנעולן", "עפולה"},
        {"Hi, I need a locksmith in Haifa.", "locksmith", "Haifa"},
        {"i need a lock smith in Heyfa", "locksmith", "Haifa"},
        {"I need a locksmith in Heyphazoon please", "locksmith", "Haifa"},
        {"שלום אני צאריך מנהולן בעפולא", "מנעולן", "עפולה"},
        {"The door slammed and the key is inside, I'm in Leeds", "locksmith", "Leeds"},
        {"מטפטף מהמזגן, אני בחולון", "טכנאי מזגנים", "חולון"},
        /* streets, names, organisations, roads */
        {"צריך אינסטלטור ברחוב ירושלים בחדרה", "אינסטלטור", "חדרה"},
        {"אני צריכה חשמלאי, שדרות ירושלים", "חשמלאי", NULL},
        {"My name is Jordan London and I need an electrician in Derby", "electrician", "Derby"},
        {"צריך גרר, אני בכביש תל אביב ירושלים", "גרירת רכב", NULL},
        {"I need a plumber, I'm on London Road in Oxford", "plumber", "Oxford"},
        {"שלום, מדבר אבו רמלה, צריך צבעי בלוד", "צבעי", "לוד"},
        {"I'm reading your advert, I need a painter", "painter", NULL},
        /* not this one but that one */
        {"I need a glazier, not in Haifa, in Afula", "glazier", "Afula"},
        {"אני צריך נגר, לא בחיפה, בעפולה", "נגר", "עפולה"},
        {"I don't need a painter, I need a plumber", "plumber", NULL},
        {"לא צריך אינסטלטור, צריך חשמלאי", "חשמלאי", NULL},
        {"I live in London but the flat is in Brighton and it needs a carpenter", "carpenter",
         "Brighton"},
        {"Agent: Is that in Tampa?\nCustomer: Yes. I've got ants in the kitchen.", "pest control",
         "Tampa"},
        {"Agent: You're in Bradford?\nCustomer: No, Leeds. I need a roofer.", "roofing", "Leeds"},
        {"נציג: אתה בחיפה?\nלקוח: לא, אני בנשר, צריך אינסטלטור", "אינסטלטור", "נשר"},
        {"נציג: שלום, מדבר קובי מראשון לציון.\nלקוח: כמה עולה ריסוס נגד נמלים?", "הדברה", NULL},
        {"We were driving from Leeds to York and broke down in Wetherby, need a tow", "towing",
         "Wetherby"},
        /* nothing to find */
        {"Hello? Hello?", NULL, NULL},
        {"", NULL, NULL},
        {"תודה שצפיתם", NULL, NULL},
        {"Sorry, wrong number, I wanted the plumber in Haifa", NULL, NULL},
        {"אפשר לדבר עם מישהו?", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_ARENA a = kol_arena_new(0);
        struct kol_insight r = read_call(a, rows[i].text);
        check_str(rows[i].text, r.service.value, rows[i].service);
        check_str(rows[i].text, r.city.value, rows[i].city);
        check_int(rows[i].text, r.extraction_confidence > 0, rows[i].service || rows[i].city);
        if (r.city.value)
            check_true(rows[i].text, r.city.quote && r.city.rule && r.city.confidence > 0 &&
                                         r.city.confidence <= 1);
    }
}

static void canonical_examples_are_sure(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_insight r = read_call(a, "שלום, אני צריך מנעולן בעפולה, ננעלתי מחוץ לבית");
    check_true("confidence", r.extraction_confidence >= 0.9);
    check_str("language", r.language, "he");
    check_str("id", r.service.value_en, "locksmith");
    check_str("en", r.city.value_en, "Afula");
}

static void finds_phones_and_names(void **state)
{
    static const struct {
        const char *text, *phone, *name;
    } rows[] = {
        {"my name is Helen Marsh, 07700 900142", "07700900142", "Helen Marsh"},
        {"it's oh double seven double oh, nine hundred, eight one five", "07700900815", NULL},
        {"two one four, five five five, oh one seven two", "2145550172", NULL},
        {"call +972 54-555-0466", "0545550466", NULL},
        {"אפס חמש אפס, חמש חמש חמש, אפס תשע אחת שלוש", "0505550913", NULL},
        {"054 חמש חמש חמש אפס שלוש עשרה עשרים ותשע", NULL, NULL}, /* eleven digits are no number */
        {"054 חמש חמש חמש אפס שלוש עשרים ותשע", "0545550329", NULL},
        {"afpas", NULL, NULL},
        {"it costs 1,200 and was built in 1998", NULL, NULL},
        {"Agent: our number is 054-555-0000\nCustomer: thanks", NULL, NULL},
        {"Customer: 054\nAgent: yes\nCustomer: 555 0672", "0545550672", NULL},
        {"Customer: 052-555-0111, sorry, 052-555-0112", "0525550112", NULL},
        {"Customer: my tenant's number is 052-555-0111", NULL, NULL},
        {"שלום, מדבר אלון מקרית שמונה", NULL, "אלון"},
        {"היי, אני ליאת.", NULL, "ליאת"},
        {"נציג: ומה השם?\nלקוח: עומר פלד.", NULL, "עומר פלד"},
        {"Agent: Am I speaking with Mr. Jordan?\nCustomer: You are.", NULL, "Mr Jordan"},
        {"Customer: Hi Neil, my name's Priya.", NULL, "Priya"},
        {"I'm in Haifa and it's urgent", NULL, NULL},
        {"אני צריך עזרה, אני בבית", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        KOL_ARENA a = kol_arena_new(0);
        snprintf(text, sizeof text, "%s%s", rows[i].text,
                 strstr(rows[i].text, ":") ? "\nCustomer: I need a plumber" : ". I need a plumber");
        struct kol_insight r = read_call(a, text);
        check_str(rows[i].text, r.callback_phone.value, rows[i].phone);
        check_str(rows[i].text, r.customer_name.value, rows[i].name);
    }
}

static void finds_urgency_and_kind(void **state)
{
    static const struct {
        const char *text, *urgency;
        enum kol_insight_kind kind;
    } rows[] = {
        {"I need a plumber right now", "urgent", KOL_INSIGHT_REQUEST},
        {"I need a plumber, not urgent", "normal", KOL_INSIGHT_REQUEST},
        {"צריך אינסטלטור, דחוף", "urgent", KOL_INSIGHT_REQUEST},
        {"צריך אינסטלטור, לא דחוף", "normal", KOL_INSIGHT_REQUEST},
        {"צריך אינסטלטור, תבואו מהר", "urgent", KOL_INSIGHT_REQUEST},
        {"I need a plumber next week", "normal", KOL_INSIGHT_REQUEST},
        {"Thank you for yesterday, it was great, see you next time then", NULL,
         KOL_INSIGHT_NO_REQUEST},
        {"Sorry, wrong number", NULL, KOL_INSIGHT_WRONG_NUMBER},
        {"טעות במספר", NULL, KOL_INSIGHT_WRONG_NUMBER},
        {"Your business listing is not verified, press one to speak", NULL, KOL_INSIGHT_SALES},
        {"", NULL, KOL_INSIGHT_EMPTY},
        {"הלו? לא שומעים", NULL, KOL_INSIGHT_EMPTY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_ARENA a = kol_arena_new(0);
        struct kol_insight r = read_call(a, rows[i].text);
        check_str(rows[i].text, r.urgency.value, rows[i].urgency);
        check_str(rows[i].text, kol_insight_kind_name(r.kind), kol_insight_kind_name(rows[i].kind));
    }
}

static void evidence_has_times(void **state)
{
    static const struct kol_insight_turn turns[] = {
        {.role = "agent", .start_ms = 0, .end_ms = 1000, .text = "Hello."},
        {.role = "customer", .start_ms = 1000, .end_ms = 2000, .text = "I need a plumber"},
        {.role = "customer", .start_ms = 5000, .end_ms = 6000, .text = "in Haifa"},
    };
    struct kol_insight_input in = {.turns = turns, .turn_count = 3};
    struct kol_insight r;
    struct kol_err err = {0};
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    check_ok("extract", kol_insight_extract(a, lexicon, &in, &r, &err), &err);
    check_str("quote", r.city.quote, "Haifa");
    check_true("start", r.city.quote_start_ms >= 5000 && r.city.quote_start_ms < 5600);
    check_int("end", r.city.quote_end_ms, 6000);
    check_true("service", r.service.quote_start_ms >= 1000 && r.service.quote_end_ms <= 2000);
    KOL_JSON j = kol_insight_to_json(&r);
    check_str("json", kol_json_get_str(json_object_get(j, "city"), "value"), "Haifa");
}

static void doubt_lowers_confidence(void **state)
{
    static const float sure[] = {0.99F, 0.99F, 0.99F, 0.99F, 0.99F, 0.99F},
                       unsure[] = {0.9F, 0.9F, 0.9F, 0.3F, 0.9F, 0.2F};
    struct kol_insight_turn turn = {.text = "I need a plumber in Haifa",
                                    .start_ms = -1,
                                    .end_ms = -1,
                                    .word_probability = sure,
                                    .word_probability_count = 6};
    struct kol_insight_input in = {.turns = &turn, .turn_count = 1};
    struct kol_insight r;
    struct kol_err err = {0};
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    check_ok("sure", kol_insight_extract(a, lexicon, &in, &r, &err), &err);
    double before = r.city.confidence;
    turn.word_probability = unsure;
    check_ok("unsure", kol_insight_extract(a, lexicon, &in, &r, &err), &err);
    check_true("lower", r.city.confidence < before && r.service.confidence < 0.9);
}

/* What Whisper heard wrongly gives the same value, and is believed less. */
static void heard_wrongly_is_less_sure(void **state)
{
    static const struct {
        const char *right, *wrong, *city;
        bool service, place; /* which of them was heard wrongly */
    } rows[] = {
        {"שלום, אני צריך מנעולן בעפולה", "שלום, אני צריך מנהולן בעפולה", "עפולה", true, false},
        {"שלום, אני צריך מנעולן בעפולה", "שלום, אני צריך מנעולן בעפולא", "עפולה", false, true},
        {"שלום, אני צריך מנעולן בעפולה", "שלום, אני צריך מנהולן בעפולא", "עפולה", true, true},
        {"I need a locksmith in Haifa please", "I need a lock smith in Haifa please", "Haifa", true,
         false},
        {"I need a locksmith in Haifa please", "I need a locksmith in Heyphazoon please", "Haifa",
         false, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_ARENA a = kol_arena_new(0);
        struct kol_insight right = read_call(a, rows[i].right), wrong = read_call(a, rows[i].wrong);
        check_str(rows[i].wrong, wrong.service.value_en, "locksmith");
        check_str(rows[i].wrong, wrong.city.value, rows[i].city);
        if (rows[i].service)
            check_true(rows[i].wrong, wrong.service.confidence < right.service.confidence);
        if (rows[i].place)
            check_true(rows[i].wrong, wrong.city.confidence < right.city.confidence);
        check_true(rows[i].wrong, wrong.extraction_confidence <= right.extraction_confidence);
    }
}

/* Nothing is in a quoted part of a summary that was not said. */
static void summary_says_what_was_said(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_insight r =
        read_call(a, "Agent: Hi.\nCustomer: The tap drips since Monday, I'm in Leeds.\nAgent: It's "
                     "about six hundred pounds. Friday at ten?\n"
                     "Customer: Friday works. My name is Tom, 07700 900142.");
    check_has("service", r.summary, "plumber");
    check_has("city", r.summary, "Leeds");
    check_has("price", r.summary, "600 pounds");
    check_has("when", r.summary, "Friday");
    check_has("number", r.summary, "07700900142");
    check_str("who", r.parts.who, "Tom");
    r = read_call(a, "הלו? הלו? לא שומעים אותך");
    check_true("one line", strlen(r.summary) < 200 && !strchr(r.summary, '\n'));
}

static void survives_bad_input(void **state)
{
    static const char *const rows[] = {"\xff\xfe\x80 plumber \xc3\x28 in Haifa",
                                       "\u202eafiaH ni rebmulp a deen I",
                                       "\u0591\u05b0\u05b1",
                                       "::::",
                                       "Agent:\nCustomer:\n",
                                       "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
                                       "ו ה ב כ ל מ ש ושכשלכשמה"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_ARENA a = kol_arena_new(0);
        read_call(a, rows[i]);
    }
    KOL_ARENA a = kol_arena_new(0);
    struct kol_insight r = read_call(a, "\xff I need a plumber in Hai\u200ffa");
    check_str("marks inside a word", r.city.value, "Haifa");
}

static void ten_megabytes_are_answered(void **state)
{
    size_t len = 10u << 20;
    KOL_CLEANUP(kol_free_str) char *text = malloc(len + 1);
    static const char part[] = "I need a plumber in Haifa, שלום, 054-555-0466. ";
    (void)state;
    for (size_t i = 0; i < len; i++)
        text[i] = part[i % (sizeof part - 1)];
    text[len] = 0;
    KOL_ARENA a = kol_arena_new(1u << 30);
    struct kol_insight r = read_call(a, text);
    check_str("service", r.service.value_en, "plumber");
}

/* The town of the label, by either of its names; or none where the label has none. */
static bool is_town(const struct kol_insight_value *v, const json_t *label)
{
    const char *he = kol_json_get_str(label, "city"), *en = kol_json_get_str(label, "city_en");
    if (!v->value || !he)
        return !v->value && !he;
    return kol_streq(v->value, he) || kol_streq(v->value_en, en) || kol_streq(v->value_en, he);
}

struct tally {
    unsigned calls, services, cities;
};

static void count_right(const json_t *label, void *user)
{
    struct tally *tally = user;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_insight r = read_call(a, kol_json_get_str(label, "transcript"));
    tally->calls++;
    tally->services += kol_streq(r.service.value_en, kol_json_get_str(label, "service_en"));
    tally->cities += is_town(&r.city, label);
}

/* The labelled calls of bench/data: most must be right, in every build. */
static void labelled_calls_stay_right(void **state)
{
    static const char *const files[] = {"insight-dev.jsonl", "insight-extra.jsonl",
                                        "insight-fresh.jsonl"};
    struct tally tally = {0};
    (void)state;
    for (size_t f = 0; f < KOL_COUNT(files); f++)
        each_labelled_call(files[f], count_right, &tally);
    check_true("services", tally.services * 100 >= tally.calls * 97);
    /* a few labels spell theirs otherwise */
    check_true("cities", tally.cities * 100 >= tally.calls * 97);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_service_and_city),     cmocka_unit_test(canonical_examples_are_sure),
        cmocka_unit_test(finds_phones_and_names),     cmocka_unit_test(finds_urgency_and_kind),
        cmocka_unit_test(evidence_has_times),         cmocka_unit_test(doubt_lowers_confidence),
        cmocka_unit_test(heard_wrongly_is_less_sure), cmocka_unit_test(summary_says_what_was_said),
        cmocka_unit_test(survives_bad_input),         cmocka_unit_test(ten_megabytes_are_answered),
        cmocka_unit_test(labelled_calls_stay_right),
    };
    return cmocka_run_group_tests_name("insight", tests, load_lexicon, free_lexicon);
}
