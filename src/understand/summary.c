/*
 * summary.c - a summary out of the call's own words.
 *
 * Extractive: a head line from the values, then what was said, quoted in the order it was said.
 * Only spoken numbers are rewritten (six hundred: 600), and nothing is added that was not said.
 */
#include "understand/summary.h"
#include <string.h>

#define DAYS                                                                                                                                                 \
    "today|mornings|evenings|afternoons|weekdays|day after tomorrow|היום|הלילה|בבוקר|"                                                         \
    "בצהריים|בערב|עדיף|בימי|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"                                                    \
    "mondays|tomorrow|tonight|weekend|january|february|april|june|july|august|september|"                                                                    \
    "october|november|december|next week|this week|in march|in may|of march|of may|"                                                                         \
    "before march|next month|this afternoon|this evening|this morning|the thirtieth|"                                                                        \
    "the twenty first|twenty-first|the first|the fifteenth|first thing|יום ראשון|יום שני|"                                                     \
    "יום שלישי|יום רביעי|יום חמישי|יום שישי|יום שבת|ביום ראשון|ביום שני|ביום שלישי|"           \
    "ביום רביעי|ביום חמישי|ביום שישי|בשבת|שבת|מחר|מחרתיים|הערב|השבוע|בשבוע הבא|שבוע הבא|" \
    "בחודש הבא|החודש הבא|לחודש|בינואר|בפברואר|במרץ|באפריל|במאי|ביוני|ביולי|באוגוסט|"        \
    "בספטמבר|באוקטובר|בנובמבר|בדצמבר|אחרי הצהריים|לפני פסח|before pesach|פסח|החגים|"                   \
    "לפני החורף|תחילת החודש|בתחילת|היום בערב|בעוד שבוע|בעוד שבועיים|בעוד שלושה|שלישי|"     \
    "שישי|חמישי|רביעי|עד ראשון|אחר הצהריים|מהצהריים|סוף השבוע|באמצע|פעם ב|אמצע"
#define CLOCK                                                                                                                                        \
    "at nine|at ten|at eight|at seven|at three|at four|at two|at one|at five|at six|"                                                                \
    "at eleven|at twelve|at noon|noon|half past|o'clock|am|pm|a m|p m|between|"                                                                      \
    "in the morning|בשמונה|בתשע|בעשר|באחת עשרה|בשתיים|בשלוש|בארבע|בחמש|בשש|בשבע|באחת|"          \
    "בצהריים|בבוקר|בערב|לשש|לשבע|לשמונה|לתשע|לעשר|בשתים עשרה|בשתיים עשרה|וחצי|ורבע|" \
    "בין שמונה|בין|אחרי ארבע|אחרי חמש|אחרי שלוש|לפני הצהריים|after one|after two|"                      \
    "after three|after four|after five|after six|before ten|before noon|half seven|"                                                                 \
    "half eight|half nine|half ten|thirty|forty|fifteen|any time"
/* An hour that stands alone: "Half past seven at your place." */
#define HOUR                                                                                                            \
    "half past|o'clock|quarter to|quarter past|at nine|at ten|at eight|at seven|at three|at four|"                      \
    "at two|at one|at five|at six|at eleven|at twelve|noon|וחצי|ורבע|רבע ל|בשמונה|בתשע|בעשר|" \
    "בשתיים|בשתים|בשלוש|בארבע|בחמש|בשש|בשבע|באחת"
#define MONEY                                                                                                                                       \
    "dollars|dollar|pounds|pound|quid|bucks|shekels|shekel|nis|euros|percent|vat|"                                                                  \
    "plus vat|fee|quote|estimate|ballpark|charge|per hour|first hour|an hour|all in|שקל|"                                                        \
    "שקלים|ש\"ח|שח|דולר|יורו|אחוז|מע\"מ|עמלה|הצעת מחיר|הצעה|כמה זה יוצא|כמה עולה|מחיר|" \
    "תקציב|כמה זה עולה|המחיר|בחינם|free|no charge|cost"
#define NEXT_STEP                                                                                                                                                 \
    "i'll come|i'll see|i'll message|i'll email|i'll put|i'll be|i'll get|he'll|she'll|"                                                                          \
    "they'll|we'll|i'll think|in writing|no charge|i'll bring|i'll pass|let me know|"                                                                             \
    "נתקשר|אעביר|יתקשר|יגיע|יבוא|תבוא|אני שולח|אני שולחת|שולח אליך|ייצור קשר|נשלח|אתייעץ|"    \
    "שיבוא|אתקשר|call me|call back|ring me|gimme a call|give me a call|i'll text|"                                                                      \
    "i'll call|i'll ring|text you|you'll get|i will call|call you|we'll send|i'll send|"                                                                          \
    "call me back|come and look|come look|email us|תחזרו|תחזרי|תחזור|שתחזרו|שתחזור|"                                                   \
    "תתקשרו|תתקשר|דברו איתי|דבר איתי|אשלח|אשלח אליכם|אני אחזור|אחזור אליך|אחזור אלייך|"         \
    "אני אתקשר|נקבע|אתאם|תגידו|תגיד|שולח לך|אכין|מכין|להתקשר|whatsapp|וואטסאפ|אדבר עם|"                 \
    "אני מגיע|נהיה בקשר|נדבר|קבענו|רשמתי|יוצא אליך|יוצא אלייך|"                                                     \
    "בדרך אליך|רבע שעה|חצי שעה|עשר דקות|עשרים דקות|אבדוק|אברר|אחשוב|אודיע|אגיע|אצלצל|תצלצל|" \
    "minutes away|on my way|coming straight|be there in|i'll check|get back to"
#define ACCEPTED                                                                                   \
    "works|good|fine|perfect|great|ok|okay|marvellous|sounds great|see you|works for me|"          \
    "that's fine|מתאים|מצוין|בסדר|סגור|קבענו|טוב|מעולה|אני יכולה|יופי|נהיה|סבבה"

#define QUOTE "quote|estimate|price it up|הצעת מחיר|הצעה|הצעות"

#define STREET                                                                                                             \
    "רחוב|ברחוב|שדרות|בשדרות|שכונת|בשכונת|קומה|סמטת|street|road|avenue|lane|drive|" \
    "crescent|boulevard|block|just off|just by|just up"

static bool is_quoted(const char *what, const char *part)
{
    return what && part && strstr(what, part) != NULL;
}

/* Whether the paragraph has the words already. */
static bool is_said(const struct kol_str *out, const char *part)
{
    return part && out->len > 0 && memmem(out->data, out->len, part, strlen(part)) != NULL;
}

static void add_part(struct kol_str *out, const char *label, const char *text)
{
    if (text && *text)
        kol_str_add_fmt(out, " %s: %s%s", label, text,
                        strchr(".?!", text[strlen(text) - 1]) ? "" : ".");
}

/* "Manchester (Didsbury)", "Phoenix (not Tucson)" */
static const char *city_of_head(const struct kol_scene *s, const struct kol_insight *r)
{
    const char *city = r->city.value;
    if (city && s->quarter.end)
        city = kol_arena_fmt(s->a, "%s (%s)", city,
                             kol_quote(s->a, &s->talk, s->quarter.first, s->quarter.end));
    struct kol_place_match m;
    if (!city || !s->not_city.end ||
        !kol_places_match(s->lexicon->places, &s->talk, s->not_city.first, &m))
        return city;
    const struct kol_place *p = &s->lexicon->places->places[m.place];
    return kol_arena_fmt(s->a, s->hebrew ? "%s (ולא %s)" : "%s (not %s)", city,
                         s->hebrew && p->he ? p->he : p->en);
}

static void write_head(const struct kol_scene *s, const struct kol_insight *r, struct kol_str *out)
{
    const char *service = r->service.value, *name = r->customer_name.value,
               *city = city_of_head(s, r);
    bool he = s->hebrew;
    if (name)
        kol_str_add_fmt(out, "%s: ", name);
    if (service && city)
        kol_str_add_fmt(out, he ? "%s, %s." : "%s in %s.", service, city);
    else if (service)
        kol_str_add_fmt(out, he ? "%s; לא נאמרה עיר." : "%s; no city was named.", service);
    else if (city)
        kol_str_add_fmt(out,
                        he ? "פנייה מ%s; לא נאמר לאיזו עבודה."
                           : "a request from %s; did not say what for.",
                        city);
    else
        kol_str_add(out, he ? "לא נאמרה בקשה לשירות, לא נאמרה עיר."
                            : "No service was requested and no city was mentioned.");
    if (kol_streq(r->urgency.value, "urgent"))
        kol_str_add(out, he ? " דחוף." : " Urgent.");
    else if (r->urgency.rule && strcmp(r->urgency.rule, "urgency-calm-said") == 0)
        kol_str_add(out, he ? " לא דחוף." : " Not urgent.");
}

static bool cannot_hear(const struct kol_scene *s)
{
    return kol_phrase_find(&s->talk, 0, s->talk.word_count,
                           "can you hear me|can't hear you|anyone there|anybody there|שומעים "
                           "אותי|לא שומעים|לא שומע|לא שומעת|"
                           "שומע אותי|שומעת אותי|are you there") < s->talk.word_count;
}

/* The business says no to somebody who sells. */
static bool refuses(const struct kol_writing *w)
{
    const struct kol_talk *t = &w->s->talk;
    for (size_t i = 0; i < t->word_count; i++)
        if (kol_role_at(t, i) == KOL_ROLE_AGENT &&
            kol_phrase_at(t, i,
                          "not interested|no thanks|no thank you|we're fine thanks|we're all "
                          "set|לא מעוניין|לא מעוניינת|לא מעוניינים|לא תודה|לא רלוונטי"))
            return true;
    return false;
}

/* One honest line for a call that is no lead. */
static const char *write_line(struct kol_writing *w, enum kol_insight_kind kind)
{
    struct kol_arena *a = w->s->a;
    bool he = w->s->hebrew;
    struct kol_span first = {0};
    if (kind == KOL_INSIGHT_EMPTY && cannot_hear(w->s))
        return he ? "המתקשר לא שמע את הצד השני; לא נאמרה בקשה."
                  : "The caller could not hear the other side; no request was made.";
    if (kind == KOL_INSIGHT_EMPTY && w->s->talk.word_count == 0 && w->s->in->language &&
        strcmp(w->s->in->language, "he") == 0)
        return "לא נאמר דבר בשיחה.";
    if (kind == KOL_INSIGHT_EMPTY)
        return he ? "אין תוכן ממשי בשיחה; לא נאמר שירות או עיר."
                  : "No real content in the call; no service or city was mentioned.";
    const char *what = kol_summary_what(w, kind == KOL_INSIGHT_SALES ? 70 : 45, -1.5, &first);
    if (kind == KOL_INSIGHT_WRONG_NUMBER)
        return kol_arena_fmt(a, he ? "טעות במספר. נאמר: \"%s\"." : "Wrong number. Said: \"%s\".",
                             what ? what : "");
    const char *refused = !refuses(w) ? ""
                          : he        ? " בעל העסק לא מעוניין."
                                      : " The business was not interested.";
    return kol_arena_fmt(a,
                         he ? "שיחת מכירה, אין בקשה של לקוח. נאמר: \"%s\".%s"
                            : "A sales call, no customer request. Said: \"%s\".%s",
                         what ? what : "", refused);
}

/* Of a short message nearly all is worth its place. */
static double least_of(const struct kol_talk *t)
{
    return t->word_count < 70 ? -1.4 : t->word_count < 140 ? 0 : 0.5;
}

static size_t budget_of(const struct kol_talk *t)
{
    return t->word_count < 90 ? 80 : t->word_count < 220 ? 140 : 220;
}

/* What a part has, and what of it the paragraph has not quoted yet. */
struct fresh {
    const char *when, *price, *agreed, *next, *address;
};

/* Digits or an hour in a time that is told already. */
static bool says_hour(const char *when)
{
    static const char *const hours[] = {"בשמונה", "בתשע", "בעשר", "בשתיים", "בשלוש", "בארבע",
                                        "בחמש",   "בשש",  "בשבע", "באחת",   "וחצי",  "ורבע",
                                        " at ",   "noon", "past", "quarter"};
    for (size_t i = 0; i < sizeof hours / sizeof *hours; i++)
        if (strstr(when, hours[i]))
            return true;
    return strpbrk(when, "0123456789") != NULL;
}

static struct fresh find_parts(struct kol_writing *w, struct kol_insight *r, const char **ret_what)
{
    static const struct kol_wanted when = {DAYS, CLOCK, false, 1.2, 2, 20, false, 2.9, false};
    static const struct kol_wanted hour = {HOUR, NULL, false, 2, 3, 12, false, 9, false};
    static const struct kol_wanted price = {MONEY, NULL, true, 1.2, 0.5, 24, false, 0.5, false};
    static const struct kol_wanted next = {
        NEXT_STEP, "i'll|you'll|we'll|אשלח|אחזור|please|בבקשה", false, 1, 1.5, 20, false, 1.5,
        true};
    static const struct kol_wanted address = {STREET, NULL, false, -3, 0, 14, false, 0.5, false};
    static const struct kol_wanted agreed = {ACCEPTED, DAYS "|" CLOCK, false, 0.5,  2,
                                             18,       true,           9,     false};
    const struct kol_talk *t = &w->s->talk;
    struct kol_span first = {0};
    struct fresh fresh = {0};
    bool two_sides = t->has_roles && t->turn_count > 2;
    *ret_what = kol_summary_what(w, budget_of(t), least_of(t), &first);
    r->parts.what = first.end ? kol_summary_text(w, first) : NULL;
    r->parts.when = kol_summary_best(w, &when, 2, &fresh.when);
    if (r->parts.when && two_sides && !says_hour(r->parts.when)) {
        const char *more = NULL;
        const char *at = kol_summary_best(w, &hour, 1, &more);
        r->parts.when = at ? kol_arena_fmt(w->s->a, "%s. %s", r->parts.when, at) : r->parts.when;
        if (more)
            fresh.when = fresh.when ? kol_arena_fmt(w->s->a, "%s. %s", fresh.when, more) : more;
    }
    kol_summary_forget(w);
    r->parts.price = kol_summary_best(w, &price, t->word_count > 200 ? 4 : 2, &fresh.price);
    kol_summary_forget(w);
    if (two_sides && r->parts.when)
        r->parts.agreed = kol_summary_best(w, &agreed, 1, &fresh.agreed);
    /* "Great." says nothing; "Great, Tuesday at ten" does. */
    if (r->parts.agreed && !strchr(r->parts.agreed, ' '))
        r->parts.agreed = fresh.agreed = NULL;
    kol_summary_forget(w);
    r->parts.next_step = kol_summary_best(w, &next, two_sides ? 2 : 1, &fresh.next);
    kol_summary_forget(w);
    kol_summary_best(w, &address, 1, &fresh.address);
    return fresh;
}

static const char *where_of(struct kol_writing *w, const struct kol_insight *r)
{
    const struct kol_talk *t = &w->s->talk;
    struct kol_span at = w->s->city;
    if (!r->city.value || at.end == 0)
        return r->city.value;
    size_t first = kol_sentence_first(t, at.first), end = kol_sentence_end(t, at.first);
    first = at.first - first > 5 ? at.first - 5 : first;
    end = end - at.end > 7 ? at.end + 7 : end;
    const char *around_it = kol_summary_text(w, (struct kol_span){(uint32_t)first, (uint32_t)end});
    return around_it ? kol_arena_fmt(w->s->a, "%s (%s)", r->city.value, around_it) : r->city.value;
}

/* Whether an amount was named, not only asked for. */
static bool named_amount(const struct kol_writing *w)
{
    const struct kol_talk *t = &w->s->talk;
    for (size_t i = 0; i < t->sentence_count; i++) {
        struct kol_span span = {t->sentences[i].first, t->sentences[i].end};
        if (kol_summary_count(w, span, MONEY) && kol_summary_has_number(w, span) &&
            !t->sentences[i].question)
            return true;
        if (kol_summary_names_sum(w, i))
            return true;
    }
    return false;
}

static bool asked_price(const struct kol_writing *w)
{
    const struct kol_talk *t = &w->s->talk;
    for (size_t i = 0; i < t->sentence_count; i++)
        if (kol_summary_asks_price(w,
                                   (struct kol_span){t->sentences[i].first, t->sentences[i].end}))
            return true;
    return false;
}

static bool asks_call_back(const struct kol_writing *w)
{
    const struct kol_talk *t = &w->s->talk;
    for (size_t i = 0; i < t->word_count; i++)
        if (kol_role_at(t, i) != KOL_ROLE_AGENT &&
            kol_phrase_at(t, i,
                          "call me|call me back|call back|ring me|gimme a call|give me a call|give "
                          "us a call|please call|phone me|"
                          "תחזרו אליי|תחזרו אלי|שתחזרו|שתחזרו אליי|תחזור אליי|שיחזרו|שיחזור|שמישהו "
                          "יחזור|שתחזור|תתקשרו|תתקשר|שיתקשרו|דברו איתי|דבר איתי|תחזרי|חזרו "
                          "אליי|שמישהו יתקשר|יחזור אליי|תדברו איתי|לחזור אליי|להחזיר "
                          "לי שיחה|תחזירו לי|תחזיר לי|תצלצלו אליי|להתקשר אליי"))
            return true;
    return false;
}

/* "Can you come and measure?" */
static bool asks_visit(const struct kol_writing *w)
{
    const struct kol_talk *t = &w->s->talk;
    for (size_t i = 1; i < t->word_count; i++)
        if (kol_role_at(t, i) != KOL_ROLE_AGENT && kol_is(&t->words[i], "למדוד") &&
            kol_phrase_find(t, i > 5 ? i - 5 : 0, i, "לבוא|תבואו|תבוא|שיבוא|שיבואו|יבוא|יבואו") < i)
            return true;
    return false;
}

static bool caller_says(const struct kol_writing *w, const char *list)
{
    const struct kol_talk *t = &w->s->talk;
    for (size_t i = 0; i < t->word_count; i++)
        if (kol_role_at(t, i) != KOL_ROLE_AGENT && kol_phrase_at(t, i, list))
            return true;
    return false;
}

/* "Can somebody come tonight?" */
static bool asks_somebody(const struct kol_writing *w)
{
    return caller_says(w, "somebody come|can you come|somebody has to come|somebody out|"
                          "somebody over|send somebody|need somebody|could you come|send a person");
}

/* What somebody asks who wants no work done. */
static void write_question(struct kol_writing *w, struct kol_str *out)
{
    bool he = w->s->hebrew;
    if (caller_says(w, "what time do you close|what time do you open|are you open|when do you "
                       "close|when do you open|opening hours|אתם פתוחים|עד מתי אתם פתוחים|עד איזו "
                       "שעה אתם|מתי אתם נסגרים|מתי אתם סוגרים|מתי אתם פותחים|שעות פתיחה"))
        kol_str_add(out, he ? " שאל על שעות הפתיחה." : " Asks about opening hours.");
    if (caller_says(w, "about the job|about a job|driver job|job you advertised|the vacancy|your "
                       "job ad|מחפש עבודה|מחפשת עבודה|לגבי המשרה|לגבי העבודה שפרסמתם|מודעת דרושים"))
        kol_str_add(out, he ? " פנייה של מועמד לעבודה." : " A job applicant who asks for work.");
}

/* What is asked for besides the work: a price or a quote, a call back. */
static void write_wishes(struct kol_writing *w, struct kol_str *out, bool has_price,
                         const char *urgency)
{
    const struct kol_talk *t = &w->s->talk;
    bool he = w->s->hebrew, she = he && kol_summary_is_woman(w);
    bool quote = kol_phrase_find(t, 0, t->word_count, QUOTE) < t->word_count;
    if (!has_price && asked_price(w) && quote)
        kol_str_add(out, !he   ? " Asks for a quote."
                         : she ? " מבקשת הצעת מחיר."
                               : " מבקש הצעת מחיר.");
    else if (!has_price && asked_price(w))
        kol_str_add(out, !he   ? " Asks about the price."
                         : she ? " שואלת על המחיר, כמה זה עולה."
                               : " שואל על המחיר, כמה זה עולה.");
    if (!he && kol_streq(urgency, "urgent") && asks_somebody(w) && !is_said(out, "someone"))
        kol_str_add(out, " Wants someone to come.");
    if (he && asks_visit(w))
        kol_str_add(out, she ? " מבקשת שיבואו למדוד." : " מבקש שיבואו למדוד.");
    if (asks_call_back(w))
        kol_str_add(out, !he   ? " Wants a call back."
                         : she ? " מבקשת שיחזרו אליה או יתקשרו."
                               : " מבקש שיחזרו אליו או יתקשרו.");
}

/* The price that is not quoted yet; a sum without currency gets that of the place. */
static void write_price(struct kol_writing *w, const struct kol_insight *r, struct kol_str *out,
                        const char *fresh)
{
    bool he = w->s->hebrew;
    const char *label = he ? "מחיר" : "Price", *unit = kol_summary_unit(w, r->city.value_en),
               *sums = unit ? kol_summary_sums(w, false) : NULL,
               *budget = unit ? kol_summary_sums(w, true) : NULL;
    bool number = fresh && strpbrk(fresh, "0123456789");
    if (sums && (number || !fresh))
        label = kol_arena_fmt(w->s->a, "%s (%s)", label, unit);
    add_part(out, label, fresh ? fresh : sums);
    if (budget)
        add_part(out, kol_arena_fmt(w->s->a, "%s (%s)", he ? "תקציב" : "Budget", unit), budget);
}

void kol_write_summary(struct kol_scene *s, struct kol_insight *r)
{
    struct kol_writing w = {.s = s, .used = kol_arena_alloc(s->a, s->talk.sentence_count + 1)};
    const char *what = NULL;
    if (!w.used)
        return;
    if (s->kind != KOL_INSIGHT_REQUEST && s->kind != KOL_INSIGHT_NO_REQUEST) {
        r->summary = write_line(&w, s->kind);
        return;
    }
    struct fresh fresh = find_parts(&w, r, &what);
    r->parts.who = r->customer_name.value ? r->customer_name.value
                   : s->hebrew            ? "לקוח"
                                          : "customer";
    r->parts.where = where_of(&w, r);
    r->parts.callback = r->callback_phone.value;

    KOL_STR out;
    kol_str_init(&out, 16384);
    bool he = s->hebrew;
    write_head(s, r, &out);
    add_part(&out, "העבודה", s->kind == KOL_INSIGHT_REQUEST ? kol_summary_work(&w) : NULL);
    if (what)
        kol_str_add_fmt(&out, he ? " נאמר: \"%s\"." : " Said: \"%s\".", what);
    add_part(&out, he ? "מועד" : "When", is_quoted(what, fresh.when) ? NULL : fresh.when);
    add_part(&out, he ? "כתובת" : "Address", is_quoted(what, fresh.address) ? NULL : fresh.address);
    write_price(&w, r, &out, is_said(&out, fresh.price) ? NULL : fresh.price);
    add_part(&out, he ? "סוכם" : "Agreed", is_said(&out, fresh.agreed) ? NULL : fresh.agreed);
    add_part(&out, he ? "המשך" : "Next", is_said(&out, fresh.next) ? NULL : fresh.next);
    if (s->kind == KOL_INSIGHT_NO_REQUEST)
        write_question(&w, &out);
    write_wishes(&w, &out, r->parts.price && named_amount(&w), r->urgency.value);
    add_part(&out, he ? "לחזור למספר" : "Call back", r->parts.callback);
    r->summary = kol_str_failed(&out) ? what : kol_arena_strn(s->a, out.data, out.len);
}
