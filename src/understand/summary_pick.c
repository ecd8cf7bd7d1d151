/*
 * summary_pick.c - which sentences of a call are worth quoting.
 */
#include "understand/summary.h"
#include <stdlib.h>
#include <string.h>

#define MAX_PICKS 24

struct pick {
    struct kol_span span;
    double score;
};

#define WANT                                                                                                                 \
    "need|want|looking for|i'd like|we'd like|would like|after|could you|can you|"                                           \
    "can someone|please|hoping|trying to|wanted|צריך|צריכה|צריכים|מחפש|מחפשת|מחפשים|רוצה|" \
    "רוצים|דרוש|אפשר|אשמח|נשמח|תוכל|תוכלו|רציתי|מבקש|מבקשת|להזמין|לקבוע|ביקשתי"
#define TROUBLE                                                                                                                                   \
    "broken|broke|broken down|leak*|drip*|crack*|stuck|locked|shut|wont|doesn't|doesnt|"                                                          \
    "isn't|not working|stopped|smell*|noise|blocked|dead|problem|keeps|missing|lost|"                                                             \
    "forgot|hurt*|pain|sick|flood*|burst|dropped|rats|ants|droppings|לא עובד*|נזיל*|"                                                   \
    "נשבר*|שבור*|ננעל*|נעל*|התפוצץ|התפוצצה|תקוע*|נתקע*|בעיה|הפסיק*|נופל|קצר|סתימה|"      \
    "לא נדלק*|רעש|כתם|מקיא*|תקלה|מפחד*|אבד*|איבד*|לא מניע|לא סוחט*|לא מחמם|דולף|מטפטף|" \
    "מוציא|עושה|מצאתי|נעצר*|חוזר לי|יצאה|עפו|ריח|חשד|זזה|אין"
#define DETAIL                                                                                                                                              \
    "because|since|before|after|until|only|about|per|every|floor|dog|baby|kids|tenant*|"                                                                    \
    "owner|square|meters|metres|feet|rooms|bedroom*|guests|people|כי|בגלל|לפני|אחרי|רק|"                                                    \
    "בערך|כל|קומה|ילדים|ילד|תינוק|תינוקת|דיירים|מטר|חדרים|חדר|איש|מוזמנים|בן|בת|פעם|כבר|" \
    "ביטוח|דוח|תקציב|חדש|חדשה"
#define SMALL_TALK                                                                                     \
    "thank you|thanks|bye|goodbye|hello|good morning|good afternoon|have a good|"                      \
    "no problem|lovely|perfect|appreciate|how are you|cheers|תודה|שלום|להתראות|ביי|" \
    "יום טוב|יום נעים|בכיף|אין בעיה|מה שלומך|בוקר טוב|ערב טוב|אהלן|סליחה"

/* Where the number came from, and what somebody did once: no part of the request. */
#define STORY                                                                                                                                    \
    "got your name|got your number|recommended|would you believe|i don't know if you|"                                                           \
    "do you remember|used to live|moved from|moved here|years ago|congratulations|"                                                              \
    "קיבלתי את המספר|המליצה|המליצו|המליץ|גרנו|גרתי|לפני שנתיים|מזל טוב|עשיתם אצל|" \
    "ראיתי אצל"

/* A short answer says something only together with its question. */
static bool answers_question(const struct kol_talk *t, const struct kol_sentence *e)
{
    if (e->turn == 0 || e->first != t->turns[e->turn].first || e->end - e->first > 4)
        return false;
    const struct kol_talk_turn *ask = &t->turns[e->turn - 1];
    if (ask->role != KOL_ROLE_AGENT || ask->end == ask->first ||
        t->turns[e->turn].role == KOL_ROLE_AGENT)
        return false;
    const struct kol_sentence *question = &t->sentences[t->words[ask->end - 1].sentence];
    return question->question && question->end - question->first <= 10;
}

/* "Yes." "Three." need their question; "In Haifa", "Twelve square metres" do not. */
static bool needs_question(const struct kol_writing *w, const struct kol_sentence *e)
{
    const struct kol_talk *t = &w->s->talk;
    struct kol_span span = {e->first, e->end};
    return answers_question(t, e) && kol_summary_marks(w, span, KOL_MARK_PLACE) == 0 &&
           (e->end - e->first <= 2 ||
            kol_phrase_at(t, e->first, "yes|no|yeah|nope|not|never|just|only|כן|לא|אף|רק|עדיין"));
}

static uint32_t overlap(struct kol_span a, struct kol_span b)
{
    uint32_t first = a.first > b.first ? a.first : b.first, end = a.end < b.end ? a.end : b.end;
    return end > first ? end - first : 0;
}

/* Words that the head line tells as the place; a quarter or a village beside it is news. */
static size_t count_of_city(const struct kol_writing *w, struct kol_span span)
{
    return overlap(span, w->s->city) + overlap(span, w->s->quarter);
}

/* "Harrogate.": the head line has it already. "Hi, it's Rosa": so it has this. */
static bool is_said_in_head(const struct kol_writing *w, const struct kol_sentence *e)
{
    struct kol_span span = {e->first, e->end};
    size_t words = e->end - e->first;
    size_t known =
        kol_summary_marks(w, span, KOL_MARK_NAME | KOL_MARK_PHONE) + count_of_city(w, span) +
        kol_summary_count(w, span,
                          SMALL_TALK "|i|am|im|i'm|it's|its|this|is|my|name|name's|in|"
                                     "yes|no|here|speaking|oh|אני|מדבר|מדברת|שמי|קוראים|לי|כן|לא|"
                                     "השם|המספר|זה|number|at|on|me|call|and");
    return known >= words;
}

static double score_sentence(const struct kol_writing *w, const struct kol_sentence *e)
{
    const struct kol_talk *t = &w->s->talk;
    struct kol_span span = {e->first, e->end};
    size_t words = e->end - e->first;
    double score = 2.2 * (double)kol_summary_marks(w, span, KOL_MARK_TOPIC);
    score = score > 9 ? 9 : score;
    score += 1.6 * (double)kol_summary_count(w, span, WANT) +
             1.8 * (double)kol_summary_count(w, span, TROUBLE);
    score += 0.6 * (double)kol_summary_count(w, span, DETAIL) +
             0.8 * (double)kol_summary_marks(w, span, KOL_MARK_PLACE);
    int64_t number;
    for (size_t i = e->first; i < e->end; i++)
        score += !(w->s->marks[i] & KOL_MARK_PHONE) && kol_spoken_number(t, i, &number)
                     ? (number > 20 ? 0.8 : 0.4)
                     : 0;
    score -= 1.5 * (double)kol_summary_count(w, span, SMALL_TALK);
    if (is_said_in_head(w, e))
        score -= 5;
    else if (overlap(span, w->s->city))
        score += 2; /* "I'm in Leeds, by the station": the place as it was said */
    score -= 2.5 * (double)kol_summary_count(w, span, STORY);
    if (e->question)
        score -= 1.5;
    if (words < 3 && !answers_question(t, e))
        score -= 2;
    if (t->turns[e->turn].role == KOL_ROLE_AGENT)
        score -= e->turn == 0 && w->s->kind == KOL_INSIGHT_REQUEST && t->turn_count > 2 &&
                         !kol_summary_count(w, span, WANT)
                     ? 9 /* the business says its name */
                     : 5;
    /* What comes first is what people call for. */
    double place =
        t->sentence_count > 1 ? (double)(e - t->sentences) / (double)(t->sentence_count - 1) : 0;
    score += (w->s->kind == KOL_INSIGHT_SALES ? 6 : 2.5) * (1 - place);
    return score / (1 + 0.012 * (double)(words > 20 ? words - 20 : 0));
}

static int by_score(const void *a, const void *b)
{
    double x = ((const struct pick *)a)->score, y = ((const struct pick *)b)->score;
    return x < y ? 1 : x > y ? -1 : 0;
}

static int by_place(const void *a, const void *b)
{
    const struct pick *x = a, *y = b;
    return x->span.first < y->span.first ? -1 : x->span.first > y->span.first;
}

/* A long run of words (speech engines leave out full stops) is cut to the part that matters. */
static struct kol_span cut(const struct kol_writing *w, struct kol_span span, size_t max)
{
    if (span.end - span.first <= max)
        return span;
    size_t best = span.first;
    double best_score = -1;
    for (size_t from = span.first; from + max <= span.end; from++) {
        struct kol_span window = {(uint32_t)from, (uint32_t)(from + max)};
        double score = 2 * (double)kol_summary_marks(w, window, KOL_MARK_TOPIC) +
                       (double)kol_summary_marks(w, window, KOL_MARK_PLACE) +
                       1.2 * (double)kol_summary_count(w, window, WANT "|" TROUBLE) +
                       0.3 * (double)kol_summary_count(w, window, DETAIL);
        score += w->s->talk.words[from].gap >= KOL_GAP_COMMA ? 0.5 : 0;
        if (score > best_score) {
            best_score = score;
            best = from;
        }
    }
    return (struct kol_span){(uint32_t)best, (uint32_t)(best + max)};
}

/* The sentences that say most, in the order in which they were said. */
const char *kol_summary_what(struct kol_writing *w, size_t budget, double least,
                             struct kol_span *ret_first)
{
    const struct kol_talk *t = &w->s->talk;
    struct pick *picks = kol_arena_array(w->s->a, t->sentence_count + 1, sizeof *picks);
    if (!picks)
        return NULL;
    size_t count = 0;
    for (size_t i = 0; i < t->sentence_count; i++)
        if (!w->used[i])
            picks[count++] = (struct pick){{t->sentences[i].first, t->sentences[i].end},
                                           score_sentence(w, &t->sentences[i])};
    qsort(picks, count, sizeof *picks, by_score);
    size_t kept = 0, words = 0;
    for (size_t i = 0; i < count && kept < MAX_PICKS && words + 2 < budget; i++) {
        if (picks[i].score <= (kept == 0 ? -4 : least))
            break;
        struct kol_span span =
            cut(w, picks[i].span, kept == 0 && budget > 40 ? 40 : KOL_LONG_SENTENCE);
        if (kept > 0 && words + (span.end - span.first) > budget)
            continue; /* a shorter one may still fit */
        words += span.end - span.first;
        picks[kept++] = (struct pick){span, picks[i].score};
    }
    if (kept > 0)
        *ret_first = picks[0].span;
    qsort(picks, kept, sizeof *picks, by_place);
    const char *out = NULL;
    for (size_t i = 0; i < kept; i++) {
        w->used[t->words[picks[i].span.first].sentence] = 1;
        const char *one = kol_summary_text(w, picks[i].span);
        const struct kol_sentence *e = &t->sentences[t->words[picks[i].span.first].sentence];
        if (one && needs_question(w, e)) {
            const struct kol_sentence *ask =
                &t->sentences[t->words[t->turns[e->turn - 1].end - 1].sentence];
            one = kol_arena_fmt(w->s->a, "%s? %s",
                                kol_summary_text(w, (struct kol_span){ask->first, ask->end}), one);
        }
        if (one && *one)
            out = out ? kol_arena_fmt(w->s->a, "%s. %s", out, one) : one;
    }
    return out;
}

/* The part of a sentence around the words of list. */
static struct kol_span around(const struct kol_writing *w, struct kol_span span, const char *list,
                              size_t max)
{
    if (span.end - span.first <= max)
        return span;
    size_t at = kol_phrase_find(&w->s->talk, span.first, span.end, list);
    size_t first = at > span.first + max / 2 ? at - max / 2 : span.first;
    size_t end = first + max < span.end ? first + max : span.end;
    return (struct kol_span){(uint32_t)first, (uint32_t)end};
}

/* Adds a sentence to what is there already. */
static const char *joined(struct kol_arena *a, const char *old, const char *one)
{
    return old ? kol_arena_fmt(a, "%s. %s", old, one) : one;
}

const char *kol_summary_best(struct kol_writing *w, const struct kol_wanted *x, size_t how_many,
                             const char **ret_fresh)
{
    const struct kol_talk *t = &w->s->talk;
    struct pick picks[4] = {0};
    const char *out = NULL;
    *ret_fresh = NULL;
    for (size_t k = 0; k < how_many; k++) {
        struct pick best = {.score = k == 0 ? 0.5 : x->least_second};
        for (size_t i = 0; i < t->sentence_count; i++) {
            const struct kol_sentence *e = &t->sentences[i];
            struct kol_span span = {e->first, e->end};
            size_t hits = kol_summary_count(w, span, x->list);
            if (x->needs_number && hits == 0 && kol_summary_names_sum(w, i))
                hits = 1;
            bool greeting = e->turn == 0 && t->turns[0].role == KOL_ROLE_AGENT && t->turn_count > 2;
            if (hits == 0 || (w->used[i] & 2) || (greeting && !x->needs_number) ||
                (x->needs_number && !kol_summary_has_number(w, span) &&
                 !kol_summary_asks_price(w, span)))
                continue;
            size_t better = x->better ? kol_summary_count(w, span, x->better) : 0;
            bool phone_only = !x->needs_number && kol_summary_marks(w, span, KOL_MARK_PHONE) &&
                              e->end - e->first < 24;
            if ((x->needs_better && better == 0) || phone_only)
                continue;
            double score = (double)(hits < 2 ? hits : 2) + 1.5 * (double)(better < 2 ? better : 2);
            if (x->needs_number &&
                kol_summary_count(
                    w, span,
                    "charged|quote us|quoted|paid|last time|שילמתי|שילמנו|לקח|לקחו|משלמים|משלם"))
                score -= 2;
            score += t->turns[e->turn].role == KOL_ROLE_AGENT ? x->agent : 1;
            score += x->needs_number && kol_summary_has_number(w, span) ? 1.5 : 0;
            score += x->late * (double)i / (double)t->sentence_count;
            if (score > best.score)
                best = (struct pick){span, score};
        }
        if (best.span.end == 0)
            break;
        uint8_t *used = &w->used[t->words[best.span.first].sentence];
        bool quoted = *used & 5 && best.span.end - best.span.first <= KOL_LONG_SENTENCE;
        *used |= 2;
        picks[k].span = around(w, best.span, x->list, x->max_words);
        const char *told = x->tells ? kol_summary_told(w, picks[k].span) : NULL;
        const char *one = told ? told : kol_summary_text(w, picks[k].span);
        if (!one)
            continue;
        out = joined(w->s->a, out, one);
        if (quoted && !told)
            continue;
        *used |= 4;
        *ret_fresh = joined(w->s->a, *ret_fresh, one);
    }
    return out;
}

void kol_summary_forget(struct kol_writing *w)
{
    for (size_t i = 0; i < w->s->talk.sentence_count; i++)
        w->used[i] &= 5;
}
