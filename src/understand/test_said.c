/*
 * test_said.c - a summary says nothing that was not said: every word of it comes from the call,
 * from a value that has its evidence, or from a closed list of words that frame them.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/test.h"
#include "understand/scene.h"
#include "understand/test_lexicon.h"
#include <ctype.h>

static void build(struct kol_arena *a, const char *text, struct kol_talk *ret)
{
    struct kol_insight_input in = {0};
    struct kol_err err = {0};
    check_ok(text,
             kol_insight_turns_from_text(a, text, strlen(text), &in.turns, &in.turn_count, &err),
             &err);
    check_ok(text, kol_talk_build(a, &in, ret, &err), &err);
}

static bool same_word(const struct kol_word *w, const struct kol_word *other)
{
    if (kol_streq(w->norm, other->norm))
        return true;
    for (size_t i = 0; i < w->stem_count; i++) /* "and to Haifa" was said, "Haifa" is told */
        if (kol_streq(w->stems[i].text, other->norm))
            return true;
    for (size_t i = 0; i < other->stem_count; i++)
        if (kol_streq(other->stems[i].text, w->norm))
            return true;
    return false;
}

/* What frames quotes and values: nothing else may stand in a summary that nobody said. */
#define FRAME                                                                                                                                                         \
    "said|in|no city was named|a request from|did not say what for|urgent|not urgent|"                                                                                \
    "no service was requested|and no city was mentioned|the caller could not hear the other side|"                                                                    \
    "no request was made|no real content in the call|no service or city was mentioned|"                                                                               \
    "wrong number|a sales call|no customer request|the business was not interested|"                                                                                  \
    "asks about opening hours|a job applicant who asks for work|asks for a quote|"                                                                                    \
    "asks about the price|wants someone to come|wants a call back|price|price dollars|"                                                                               \
    "price pounds|price shekels|budget dollars|budget pounds|budget shekels|when|address|agreed|"                                                                     \
    "next|call back|נאמר|לא נאמרה עיר|לא נאמר לאיזו עבודה|לא נאמרה בקשה לשירות|דחוף|"                              \
    "לא דחוף|המתקשר לא שמע את הצד השני|לא נאמרה בקשה|לא נאמר דבר בשיחה|אין תוכן ממשי בשיחה|"       \
    "לא נאמר שירות או עיר|טעות במספר|בעל העסק לא מעוניין|שיחת מכירה|אין בקשה של לקוח|ולא|not|"      \
    "שאל על שעות הפתיחה|פנייה של מועמד לעבודה|מבקש הצעת מחיר|מבקשת הצעת מחיר|שואל על המחיר|"     \
    "שואלת על המחיר|כמה זה עולה|מבקש שיבואו למדוד|מבקשת שיבואו למדוד|מבקש שיחזרו אליו|"             \
    "מבקשת שיחזרו אליה|או יתקשרו|מחיר|מחיר שקל|מחיר דולר|מחיר לירה|תקציב שקל|מועד|כתובת|סוכם|" \
    "המשך|לחזור למספר|העבודה|הנציג|הנציגה|הלקוח|הלקוחה"

/* The name of a work, and what is in the verb that was said for it. */
static const char *const works[][2] = {
    {"החלפת", "חליפ"}, {"תיקונ", "תקנ"},  {"התקנת", "תקינ"}, {"העברת", "עביר"}, {"תלית", "תל"},
    {"מכירת", "מכור"}, {"גיזומ", "גז"},   {"שיפוצ", "שפצ"},  {"בדיקת", "בד"},   {"צביעת", "צב"},
    {"ניקוי", "נק"},   {"בנית", "בנ"},    {"עקירת", "עק"},   {"פתיחת", "פת"},   {"ריפוד", "רפד"},
    {"הרכבת", "רכיב"}, {"כיסוח", "כסח"},  {"פינוי", "פנ"},   {"פירוק", "פרק"},  {"איטומ", "אטומ"},
    {"חיבור", "חבר"},  {"צילומ", "צלמ"},  {"חידוש", "חדש"},  {"גרירת", "גרור"}, {"הובלת", "וביל"},
    {"ריסוס", "רסס"},  {"ליטוש", "לטש"},  {"סידור", "סדר"},  {"הדברת", "דביר"}, {"העתקת", "עתיק"},
    {"תרגומ", "תרגמ"}, {"הריסת", "הרוס"},
};

/* What I said of mine, told as his or hers; and words that are told by another name. */
static const char *const persons[][2] = {
    {"לו", "לי"},        {"לה", "לי"},     {"שלו", "שלי"},
    {"שלה", "שלי"},      {"אליו", "אלי"},  {"אליה", "אלי"},
    {"אותו", "אותי"},    {"אותה", "אותי"}, {"אצלו", "אצלי"},
    {"אצלה", "אצלי"},    {"איתו", "איתי"}, {"איתה", "איתי"},
    {"אשתו", "אשתי"},    {"בעלה", "בעלי"}, {"pounds", "quid"},
    {"dollars", "buck"}, {"יפו", "אביב"},  {"ירושלימ", "jerusalem"}, /* the town's whole name */
};

static bool has_word(const struct kol_talk *t, const struct kol_word *w)
{
    for (size_t i = 0; i < t->word_count; i++)
        if (same_word(&t->words[i], w))
            return true;
    return false;
}

static bool has_part(const struct kol_talk *t, const char *part)
{
    for (size_t i = 0; i < t->word_count; i++)
        if (strstr(t->words[i].norm, part))
            return true;
    return false;
}

/* "ישלח" of whoever said "אשלח", "החלפת" of "להחליף", "אליו" of "אליי". */
static bool is_told(const struct kol_talk *said, const char *norm)
{
    char mine[256];
    for (size_t i = 0; i < KOL_COUNT(works); i++)
        if (kol_streq(norm, works[i][0]))
            return has_part(said, works[i][1]);
    for (size_t i = 0; i < KOL_COUNT(persons); i++)
        if (kol_streq(norm, persons[i][0]) && has_part(said, persons[i][1]))
            return true;
    const char *verb = strncmp(norm, "ו", 2) == 0 ? norm + 2 : norm;
    if (strlen(verb) < 6 || (strncmp(verb, "י", 2) != 0 && strncmp(verb, "ת", 2) != 0))
        return false;
    snprintf(mine, sizeof mine, "א%s", verb + 2);
    return has_part(said, mine);
}

/* "18 to 22 thousand", "6 and 8 hundred", "one-sixty": what was said of a sum as it was meant. */
static bool is_meant(const struct kol_talk *said, int64_t n)
{
    int64_t one, next;
    for (size_t i = 0; i < said->word_count; i++) {
        const size_t words = kol_spoken_number(said, i, &one);
        if (words == 0)
            continue;
        if (one == n || one == n * 1000 || (one < 10 && one * 100 == n))
            return true;
        if (one < 10 && kol_spoken_number(said, i + words, &next) > 0 && one * 100 + next == n)
            return true;
    }
    return false;
}

/* A sum or an hour in digits: somebody said it, in words or in digits. */
static bool is_said_number(const struct kol_talk *said, const char *norm)
{
    int64_t n = 0;
    if (!*norm || strlen(norm) > 12)
        return false;
    for (const char *c = norm; *c; c++)
        if (isdigit((unsigned char)*c))
            n = n * 10 + (*c - '0');
        else if (*c != ',')
            return false;
    return is_meant(said, n);
}

/* The next word of told that nobody said and nothing explains; word_count when there is none. */
static size_t next_unsaid(const struct kol_talk *told, size_t from, const struct kol_talk *said,
                          const struct kol_talk *values)
{
    for (size_t i = from; i < told->word_count;) {
        const struct kol_word *w = &told->words[i];
        const bool opens = i == 0 && kol_streq(w->norm, "פניה"); /* "פנייה מחיפה" */
        const size_t frame = opens ? 1 : kol_phrase_at(told, i, FRAME);
        const bool joined = w->clean_len == 2 && i + 1 < told->word_count &&
                            isdigit((unsigned char)told->words[i + 1].norm[0]); /* "מ-300" */
        if (frame == 0 && !joined && !has_word(said, w) && !has_word(values, w) &&
            !is_told(said, w->norm) && !is_said_number(said, w->norm))
            return i;
        i += frame > 0 ? frame : 1;
    }
    return told->word_count;
}

/* Values stand in a summary by their proper names; what was said of them is their evidence. */
static const char *values_of(struct kol_arena *a, const struct kol_insight *r)
{
    const struct kol_insight_value *const list[] = {&r->service, &r->city, &r->customer_name,
                                                    &r->callback_phone};
    const char *text = "";
    for (size_t i = 0; i < KOL_COUNT(list); i++) {
        if (!list[i]->value)
            continue;
        check_true("a value has its words", list[i]->quote && *list[i]->quote);
        text = kol_arena_fmt(a, "%s %s.", text, list[i]->value);
    }
    return text;
}

/* How many words of a summary of the call were said by nobody; they are printed. */
static unsigned count_unsaid(struct kol_arena *a, const char *text, const char *summary,
                             const char *known)
{
    struct kol_talk said, told, values;
    unsigned count = 0;
    build(a, text, &said);
    build(a, summary, &told);
    build(a, known, &values);
    for (size_t i = 0; (i = next_unsaid(&told, i, &said, &values)) < told.word_count; i++) {
        print_message("nobody said \"%s\": %s\n", told.words[i].norm, summary);
        count++;
    }
    return count;
}

static unsigned unsaid_in(const char *text)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_insight r = read_call(a, text);
    return count_unsaid(a, text, r.summary, values_of(a, &r));
}

/* Or this test would prove nothing. */
static void made_up_words_are_noticed(void **state)
{
    static const struct {
        const char *said, *told;
        unsigned count;
    } rows[] = {
        {"I need a plumber, two hundred is fine", "Said: \"I need a plumber\". Price: 200.", 0},
        {"I need a plumber, two hundred is fine", "Plumber in Leeds. Price: 250.", 2},
        {"I need a plumber", "Wants a plumber on Friday. Call back: 07700900142.", 4},
        {"אני צריך מנעולן, אשלח כתובת", "מנעולן; לא נאמרה עיר. המשך: הלקוח ישלח כתובת.", 0},
        {"אני צריך מנעולן", "מנעולן, חיפה. המשך: הנציג יתקשר. מחיר: 300.", 3},
        {"צריך לתקן ברז", "העבודה: תיקון ברז, החלפת ברז.", 1},
    };
    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        KOL_ARENA a = kol_arena_new(0);
        check_int(rows[i].told, count_unsaid(a, rows[i].said, rows[i].told, ""), rows[i].count);
    }
}

/* Calls without a request get one line, in their language. */
static void nothing_asked_is_one_line(void **state)
{
    static const struct {
        const char *text, *has;
    } rows[] = {
        {"", "No real content"},
        {"Hello? Hello?", "no request was made|No real content"},
        {"הלו? הלו? לא שומעים אותך", "המתקשר לא שמע את הצד השני"},
        {"תודה שצפיתם", "אין תוכן ממשי בשיחה"},
        {"Agent: Locks, hello?\nCustomer: Sorry, wrong number.", "Wrong number."},
        {"נציג: מנעולן, שלום.\nלקוח: סליחה, טעות במספר.", "טעות במספר."},
    };
    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        KOL_ARENA a = kol_arena_new(0);
        struct kol_insight r = read_call(a, rows[i].text);
        const char *bar = strchr(rows[i].has, '|');
        if (!bar || !strstr(r.summary, bar + 1))
            check_has(rows[i].text, r.summary,
                      kol_arena_strn(a, rows[i].has, strcspn(rows[i].has, "|")));
        check_true("one line", *r.summary && !strchr(r.summary, '\n') && strlen(r.summary) < 200);
        check_true("no values", !r.service.value && !r.city.value && !r.callback_phone.value);
        check_int("nobody said it", unsaid_in(rows[i].text), 0);
    }
}

static void count_unsaid_of(const json_t *label, void *user)
{
    *(unsigned *)user += unsaid_in(kol_json_get_str(label, "transcript"));
}

static void bench_calls(void **state)
{
    static const char *const files[] = {"insight-dev.jsonl", "insight-extra.jsonl",
                                        "insight-fresh.jsonl", "insight-train.jsonl"};
    unsigned unsaid = 0;
    (void)state;
    for (size_t f = 0; f < KOL_COUNT(files); f++)
        each_labelled_call(files[f], count_unsaid_of, &unsaid);
    check_int("words that nobody said", unsaid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_up_words_are_noticed),
        cmocka_unit_test(nothing_asked_is_one_line),
        cmocka_unit_test(bench_calls),
    };
    return cmocka_run_group_tests_name("summaries say what was said", tests, load_lexicon,
                                       free_lexicon);
}
