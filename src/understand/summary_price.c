/*
 * summary_price.c - amounts of money in a call, also those that were said without a currency.
 */
#include "understand/summary.h"
#include <string.h>

#define ASKS_PRICE                                                                                                                                        \
    "send a price|send me a price|give me a price|a rough price|מספר למטר|how much|what's the "                                                   \
    "price|what does it cost|what does that cost|quote|estimate|"                                                                                         \
    "price it up|your rates|your prices|what would it|what's it going to|"                                                                                \
    "what am i looking at|ballpark|what do you charge|cost|כמה זה|כמה עולה|הצעת מחיר|"                                                \
    "הצעה|מה המחיר|מחיר|כמה יוצא|כמה יעלה|המחיר|כמה אתם לוקחים|כמה אתה לוקח|כמה לוקחים|" \
    "כמה תיקח|כמה תיקחו|כמה עולים|מה העלות|מה עולה|בכמה|כמה אני אשלם"

/* "How much time does it take" is no question about money. */
#define ASKS_TIME "כמה זמן|לוקח זמן|ייקח זמן|יקח זמן|how much time|how much longer"

bool kol_summary_asks_price(const struct kol_writing *w, struct kol_span span)
{
    return kol_role_at(&w->s->talk, span.first) != KOL_ROLE_AGENT &&
           kol_summary_count(w, span, ASKS_PRICE) && !kol_summary_count(w, span, ASKS_TIME);
}

/* "Two eighty", "one sixty" is 280, 160; "three forty" may be a time and stays. Words taken. */
size_t kol_summary_amount(const struct kol_writing *w, size_t i, int64_t *ret)
{
    const struct kol_talk *t = &w->s->talk;
    int64_t tens;
    size_t n = w->s->marks[i] & KOL_MARK_PHONE ? 0 : kol_spoken_number(t, i, ret), more;
    if (n != 1 || *ret < 1 || *ret > 12 || t->words[i].script != KOL_SCRIPT_LATIN ||
        i + 1 >= t->word_count || t->words[i + 1].gap > KOL_GAP_HYPHEN ||
        w->s->marks[i + 1] & KOL_MARK_PHONE)
        return n;
    more = kol_spoken_number(t, i + 1, &tens);
    if (more == 0 || tens < 60 || tens > 99 || t->words[i + 1].script != KOL_SCRIPT_LATIN)
        return n;
    *ret = *ret * 100 + tens;
    return n + more;
}

/* An amount that answers "how much?" in the turn before: "Twelve hundred, stills only." */
static bool answers_price(const struct kol_writing *w, size_t sentence)
{
    const struct kol_talk *t = &w->s->talk;
    uint32_t turn = t->sentences[sentence].turn;
    if (turn == 0 || t->sentences[sentence].first != t->turns[turn].first)
        return false;
    struct kol_span before = {t->turns[turn - 1].first, t->turns[turn - 1].end};
    struct kol_span span = {t->sentences[sentence].first, t->sentences[sentence].end};
    return before.end > before.first && kol_summary_count(w, before, ASKS_PRICE) &&
           kol_summary_has_number(w, span);
}

#define LOOK_BACK 400 /* words in which a number is looked for again */

#define SUM_WORDS                                                                                                                                                       \
    "between|about|around|usually|roughly|ballpark|comes to|it'd be|it'll be|that'd be|that'll "                                                                        \
    "be|that's|looking at|i'd say|say|charge|runs|from|with|in all|all in|each|per|plus|it's|"                                                                          \
    "בערך|בסביבות|בין|סביב|יוצא|ייצא|יעלה|עולה|עוד|בגדול|לשיעור|לחודש|ייקח|יקח|לוקח|לוקחים|זה|" \
    "כולל|בלי|עם|פלוס|סך הכל|סה\"כ"
#define UNITS                                                                                      \
    "minutes|metres|meters|feet|foot|people|guests|miles|gallon|gallons|years|kilos|"              \
    "degrees|percent|street|road|litre|litres|square|hours|days|year|am|pm|o'clock|"               \
    "דקות|מטר|איש|אנשים|קילומטר|אחוז|ליטר|קילו|שנה|שנים|מעלות|יום|ימים|שעות"
/* Numbers of houses, roads and doors. */
#define NUMBERED                                                                                   \
    "street|road|avenue|lane|apartment|flat|unit|room|building|highway|route|exit|code|number|"    \
    "order|model|רחוב|ברחוב|שדרות|דירה|חדר|בניין|כביש|קוד|מספר|הזמנה|דגם|סניף|קומה"

/* The other side said the number before: an address that is repeated, no price. */
static bool is_echo(const struct kol_writing *w, size_t i, int64_t value)
{
    int64_t n;
    for (size_t k = i > LOOK_BACK ? i - LOOK_BACK : 0; k < i; k++)
        if (kol_role_at(&w->s->talk, k) != kol_role_at(&w->s->talk, i) &&
            kol_summary_amount(w, k, &n) && n == value)
            return true;
    return false;
}

/* A sum of money at word i, without its currency: 0, or how many words. */
static size_t sum_at(const struct kol_writing *w, struct kol_span span, size_t i, int64_t *ret)
{
    const struct kol_talk *t = &w->s->talk;
    size_t taken = kol_summary_amount(w, i, ret), after = i + taken;
    if (taken == 0 || *ret < 50 || after > span.end ||
        (after < span.end && kol_is(&t->words[after], UNITS)))
        return 0;
    struct kol_span before = {(uint32_t)(i > span.first + 4 ? i - 4 : span.first), (uint32_t)i};
    if (kol_summary_count(w, before, NUMBERED))
        return 0;
    struct kol_span near = {(uint32_t)(i > span.first + 12 ? i - 12 : span.first),
                            (uint32_t)(after + 8 < span.end ? after + 8 : span.end)};
    if (i == span.first || kol_summary_count(w, near, SUM_WORDS))
        return taken;
    /* "A visit is two fifty, parts on top." */
    bool ends = after >= span.end || t->words[after].gap >= KOL_GAP_COMMA;
    return ends && !is_echo(w, i, *ret) ? taken : 0;
}

/* "My budget is thirty thousand", "up to three thousand two hundred". */
static size_t budget_at(const struct kol_writing *w, struct kol_span span, size_t i, int64_t *ret)
{
    const struct kol_talk *t = &w->s->talk;
    size_t taken = kol_summary_amount(w, i, ret), after = i + taken;
    if (taken == 0 || *ret < 100 || (after < span.end && kol_is(&t->words[after], UNITS)))
        return 0;
    bool up_to = *ret >= 1000 && (kol_phrase_before(t, i, "up to|maximum|עד|מקסימום"));
    size_t from = i > span.first + 12 ? i - 12 : span.first;
    return up_to || kol_phrase_find(t, from, i, "budget|תקציב|התקציב") < i ? taken : 0;
}

static size_t money_at(const struct kol_writing *w, size_t sentence, size_t i, int64_t *ret)
{
    const struct kol_sentence *e = &w->s->talk.sentences[sentence];
    struct kol_span span = {e->first, e->end};
    if (e->question)
        return 0;
    return w->s->talk.turns[e->turn].role == KOL_ROLE_AGENT ? sum_at(w, span, i, ret)
                                                            : budget_at(w, span, i, ret);
}

bool kol_summary_names_sum(const struct kol_writing *w, size_t sentence)
{
    const struct kol_sentence *e = &w->s->talk.sentences[sentence];
    int64_t n;
    for (size_t i = e->first; i < e->end; i++)
        if (money_at(w, sentence, i, &n))
            return true;
    return answers_price(w, sentence);
}

/* Where the text of an amount starts: "between 18 and 23", "up to 3,000". */
static size_t start_of_sum(const struct kol_writing *w, size_t first, size_t i)
{
    const struct kol_talk *t = &w->s->talk;
    int64_t n;
    size_t at = i > first && kol_is(&t->words[i - 1], "and|to|or|עד|או") ? i - 1 : i;
    for (size_t back = at - first < 4 ? at - first : 4; back > 0; back--)
        if (kol_summary_amount(w, at - back, &n) == back)
            return at - back;
    return i > first && kol_is(&t->words[i - 1], "עד") ? i - 1 : i;
}

const char *kol_summary_sums(struct kol_writing *w, bool budget)
{
    const struct kol_talk *t = &w->s->talk;
    const char *out = NULL;
    size_t count = 0;
    for (size_t s = 0; s < t->sentence_count; s++)
        for (size_t i = t->sentences[s].first; i < t->sentences[s].end && count < 3; i++) {
            bool agent = kol_role_at(t, i) == KOL_ROLE_AGENT;
            int64_t n;
            size_t taken = agent != budget ? money_at(w, s, i, &n) : 0;
            if (taken == 0)
                continue;
            struct kol_span span = {(uint32_t)start_of_sum(w, t->sentences[s].first, i),
                                    (uint32_t)(i + taken)};
            const char *one = kol_summary_text(w, span);
            i += taken - 1;
            count += one != NULL;
            if (one)
                out = out ? kol_arena_fmt(w->s->a, "%s, %s", out, one) : one;
        }
    return out;
}

#define CURRENCIES                                                                                 \
    "shekel|shekels|nis|dollar|dollars|bucks|buck|pound|pounds|quid|euro|euros|grand|cents|pence|" \
    "שקל|שקלים|ש\"ח|שח|דולר|דולרים|יורו|אגורות|פאונד|ליש\"ט"

const char *kol_summary_unit(const struct kol_writing *w, const char *city_en)
{
    const struct kol_talk *t = &w->s->talk;
    if (kol_phrase_find(t, 0, t->word_count, CURRENCIES) < t->word_count)
        return NULL;
    for (size_t i = 0; i < t->turn_count; i++)
        if (strchr(t->turns[i].clean, '$') || strstr(t->turns[i].clean, "£") ||
            strstr(t->turns[i].clean, "₪") || strstr(t->turns[i].clean, "€"))
            return NULL;
    const struct kol_gazetteer *g = w->s->lexicon->places;
    const char *country = w->s->hebrew ? "IL" : "";
    for (size_t i = 0; city_en && i < g->place_count; i++)
        if (strcmp(g->places[i].en, city_en) == 0) {
            country = g->places[i].country;
            break;
        }
    return w->s->hebrew && strcmp(country, "IL") == 0 ? "שקל"
           : w->s->hebrew                             ? NULL
           : strcmp(country, "US") == 0               ? "dollars"
           : strcmp(country, "GB") == 0               ? "pounds"
                                                      : NULL;
}
