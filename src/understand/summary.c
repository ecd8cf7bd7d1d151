/*
 * summary.c - a summary out of the call's own words.
 *
 * Extractive: a head line from the values, then what was said, quoted in the order it was said.
 * Only spoken numbers are rewritten (six hundred: 600), and nothing is added that was not said.
 */
#include "understand/summary.h"
#include <string.h>

#define DAYS                                                                                                                                                            \
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|mondays|tomorrow|tonight|weekend|"                                                                        \
    "january|february|april|june|july|august|september|"                                                                                                                \
    "october|november|december|next week|this week|in march|in may|of march|of may|before "                                                                             \
    "march|next month|this afternoon|this evening|this morning|the thirtieth|the twenty "                                                                               \
    "first|twenty-first|the first|the fifteenth|first thing|"                                                                                                           \
    "יום ראשון|יום שני|יום שלישי|יום רביעי|יום חמישי|יום שישי|יום שבת|ביום ראשון|ביום שני|ביום " \
    "שלישי|ביום רביעי|ביום חמישי|ביום שישי|בשבת|שבת|מחר|מחרתיים|הערב|השבוע|"                                   \
    "בשבוע הבא|שבוע הבא|בחודש הבא|החודש "                                                                                                   \
    "הבא|לחודש|בינואר|בפברואר|במרץ|באפריל|במאי|ביוני|ביולי|באוגוסט|בספטמבר|באוקטובר|בנובמבר|" \
    "בדצמבר|"                                                                                                                                                     \
    "אחרי הצהריים|לפני פסח|before pesach|פסח|החגים|לפני החורף|תחילת החודש|בתחילת|היום בערב|בעוד "        \
    "שבוע|בעוד שבועיים|בעוד שלושה|שלישי|שישי|חמישי|רביעי|עד ראשון|אחר הצהריים|מהצהריים|סוף "     \
    "השבוע|באמצע|פעם ב|אמצע"
#define CLOCK                                                                                                                                                           \
    "at nine|at ten|at eight|at seven|at three|at four|at two|at one|at five|at six|at eleven|at "                                                                      \
    "twelve|at noon|noon|half past|o'clock|am|pm|a m|p m|between|in the morning|"                                                                                       \
    "בשמונה|בתשע|בעשר|באחת "                                                                                                                          \
    "עשרה|בשתיים|בשלוש|בארבע|בחמש|בשש|בשבע|באחת|בצהריים|בבוקר|בערב|לשש|לשבע|לשמונה|לתשע|לעשר|"  \
    "בשתים עשרה|בשתיים עשרה|וחצי|ורבע|בין שמונה|בין|אחרי ארבע|אחרי חמש|אחרי שלוש|לפני הצהריים|" \
    "after one|after two|after three|after four|after five|after six|before ten|before noon|"                                                                           \
    "half seven|half eight|half nine|half ten|thirty|forty|fifteen|any time"
#define MONEY                                                                                                                        \
    "dollars|dollar|pounds|pound|quid|bucks|shekels|shekel|nis|euros|percent|vat|plus "                                              \
    "vat|fee|quote|estimate|ballpark|"                                                                                               \
    "charge|per hour|first hour|an hour|all in|שקל|שקלים|ש\"ח|שח|דולר|יורו|אחוז|מע\"מ|עמלה|הצעת " \
    "מחיר|הצעה|כמה זה יוצא|כמה עולה|מחיר|תקציב|כמה זה עולה|המחיר|בחינם|free|no charge|cost"
#define NEXT_STEP                                                                                                                                               \
    "call me|call back|ring me|gimme a call|give me a call|i'll text|i'll call|i'll ring|text "                                                                 \
    "you|you'll get|i will call|call you|we'll send|i'll send|call me back|come and look|come "                                                                 \
    "look|email us|"                                                                                                                                            \
    "תחזרו|תחזרי|תחזור|שתחזרו|שתחזור|תתקשרו|תתקשר|דברו איתי|דבר איתי|אשלח|אשלח אליכם|אני " \
    "אחזור|אחזור אליך|אחזור אלייך|אני אתקשר|נקבע|אתאם|תגידו|תגיד|שולח "                                    \
    "לך|אכין|מכין|להתקשר|whatsapp|וואטסאפ|אדבר עם|אני מגיע|נהיה בקשר|נדבר|קבענו|רשמתי"
#define ACCEPTED                                                                                   \
    "works|good|fine|perfect|great|ok|okay|marvellous|sounds great|see you|works for me|that's "   \
    "fine|מתאים|מצוין|בסדר|סגור|קבענו|טוב|מעולה|אני יכולה|יופי|נהיה|סבבה"

#define STREET                                                                                                                      \
    "רחוב|ברחוב|שדרות|בשדרות|שכונת|בשכונת|קומה|סמטת|street|road|avenue|lane|drive|crescent|" \
    "boulevard|block|just off|just by|just up"

static bool is_quoted(const char *what, const char *part)
{
    return what && part && strstr(what, part) != NULL;
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
        kol_str_add(out, he ? "לא התבקש שירות, לא נאמרה עיר."
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
    return kol_arena_fmt(a,
                         he ? "שיחת מכירה, אין בקשה של לקוח. נאמר: \"%s\"."
                            : "A sales call, no customer request. Said: \"%s\".",
                         what ? what : "");
}

static size_t budget_of(const struct kol_talk *t)
{
    return t->word_count < 90 ? 80 : t->word_count < 220 ? 140 : 220;
}

static void find_parts(struct kol_writing *w, struct kol_insight *r, const char **ret_what)
{
    static const struct kol_wanted when = {DAYS, CLOCK, false, 1, 2, 20, false};
    static const struct kol_wanted price = {MONEY, NULL, true, 1.2, 0.5, 24, false};
    static const struct kol_wanted next = {
        NEXT_STEP, "i'll|you'll|אשלח|אחזור|please|בבקשה", false, 1, 1.5, 20, false};
    static const struct kol_wanted address = {STREET, NULL, false, -3, 0, 14, false};
    static const struct kol_wanted agreed = {ACCEPTED, DAYS "|" CLOCK, false, 0.5, 2, 18, true};
    const struct kol_talk *t = &w->s->talk;
    struct kol_span first = {0};
    bool two_sides = t->has_roles && t->turn_count > 2;
    *ret_what = kol_summary_what(w, budget_of(t), 0.5, &first);
    r->parts.what = first.end ? kol_summary_text(w, first) : NULL;
    r->parts.when = kol_summary_best(w, &when, t->word_count > 200 ? 2 : 1);
    kol_summary_forget(w);
    r->parts.price = kol_summary_best(w, &price, t->word_count > 200 ? 4 : 2);
    kol_summary_forget(w);
    if (two_sides && r->parts.when)
        r->parts.agreed = kol_summary_best(w, &agreed, 1);
    /* "Great." says nothing; "Great, Tuesday at ten" does. */
    if (r->parts.agreed && !strchr(r->parts.agreed, ' '))
        r->parts.agreed = NULL;
    kol_summary_forget(w);
    r->parts.next_step = kol_summary_best(w, &next, t->word_count > 200 ? 2 : 1);
    kol_summary_forget(w);
    w->address = kol_summary_best(w, &address, 1);
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
                          "אליי|שמישהו יתקשר|יחזור אליי|תדברו איתי"))
            return true;
    return false;
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
    find_parts(&w, r, &what);
    r->parts.who = r->customer_name.value ? r->customer_name.value
                   : s->hebrew            ? "לקוח"
                                          : "customer";
    r->parts.where = where_of(&w, r);
    r->parts.callback = r->callback_phone.value;

    KOL_STR out;
    kol_str_init(&out, 16384);
    bool he = s->hebrew;
    write_head(s, r, &out);
    if (what)
        kol_str_add_fmt(&out, he ? " נאמר: \"%s\"." : " Said: \"%s\".", what);
    add_part(&out, he ? "מועד" : "When", is_quoted(what, r->parts.when) ? NULL : r->parts.when);
    add_part(&out, he ? "כתובת" : "Address", is_quoted(what, w.address) ? NULL : w.address);
    add_part(&out, he ? "מחיר" : "Price", is_quoted(what, r->parts.price) ? NULL : r->parts.price);
    add_part(&out, he ? "סוכם" : "Agreed",
             is_quoted(what, r->parts.agreed) || is_quoted(r->parts.when, r->parts.agreed)
                 ? NULL
                 : r->parts.agreed);
    add_part(&out, he ? "המשך" : "Next",
             is_quoted(what, r->parts.next_step) ? NULL : r->parts.next_step);
    if (!r->parts.price && asked_price(&w) && !named_amount(&w))
        kol_str_add(&out, he ? " שאלה על המחיר או בקשה להצעת מחיר."
                             : " Asks about the price or for a quote.");
    if (asks_call_back(&w))
        kol_str_add(&out, he ? " יש בקשה שיחזרו או יתקשרו." : " Wants a call back.");
    add_part(&out, he ? "לחזור למספר" : "Call back", r->parts.callback);
    r->summary = kol_str_failed(&out) ? what : kol_arena_strn(s->a, out.data, out.len);
}
