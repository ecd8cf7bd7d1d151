/*
 * service_rules.c - cues of the taxonomy found in the call, weighed and summed.
 */
#include "understand/service_rules.h"
#include "understand/service_words.h"
#include "understand/sound.h"
#include <math.h>
#include <string.h>

#define MAX_HITS 4096
#define WINDOW 11 /* words in which the parts of a cue must lie */
#define PATTERNS_OF_WORD 48
#define MOST_MORE 3.0
#define MOST_THINGS 4.0

/* A phrase of a part that was found. */
struct hit {
    uint32_t part, first, end;
};

/* What was said for one service, by the business as it picked up or by anybody after that. */
struct tally {
    double best[KOL_CUE_LEVELS]; /* the strongest cue of each level */
    double things;               /* of other objects of the trade: they add up */
    double more;                 /* for cues of the same level again; a story repeats its words */
    double own_words;            /* of cues in the business's own file */
    bool asked;                  /* by its name, by the caller: "I need a painter" */
    double denied;               /* how strongly it was said not to be wanted */
    struct kol_span span;        /* of the strongest cue */
    double span_points;
    const char *rule;
};

struct search {
    struct kol_scene *s;
    const struct kol_taxonomy *t;
    struct hit *hits;
    size_t hit_count;
    struct tally *tallies;   /* per service */
    struct tally *greetings; /* the same of the business's first words */
    uint8_t *seen;           /* per cue: a thing counts once */
    bool named;              /* a trade is named, by others than the business */
};

/* Pattern numbers of one word: exact ones of each stem, endings of each of its beginnings. */
static size_t patterns_of(const struct kol_taxonomy *t, const struct kol_word *w, uint32_t *ret)
{
    size_t n = 0;
    for (size_t s = 0; s < w->stem_count; s++) {
        const char *text = w->stems[s].text;
        size_t len = strlen(text);
        uint32_t cursor = 0, pattern;
        /* "שטיח" is a carpet, not plaster (טיח) after ש: the whole word is known. */
        if (s > 0 && n > 0 && strncmp(w->norm, "ש", 2) == 0)
            break;
        while (n < PATTERNS_OF_WORD && kol_index_next(&t->exact, text, len, &cursor, &pattern))
            ret[n++] = pattern;
        /* "machine's", "sockets" */
        bool plural = w->script == KOL_SCRIPT_LATIN && len > 4 && text[len - 1] == 's' &&
                      text[len - 2] != 's';
        for (cursor = 0; plural && n < PATTERNS_OF_WORD &&
                         kol_index_next(&t->exact, text, len - 1, &cursor, &pattern);)
            ret[n++] = pattern;
        for (size_t l = 2; l <= len && l < 40; l++) {
            cursor = 0;
            while (n < PATTERNS_OF_WORD && kol_index_next(&t->endings, text, l, &cursor, &pattern))
                ret[n++] = pattern;
        }
    }
    return n;
}

struct patterned {
    uint32_t list[PATTERNS_OF_WORD];
    size_t count;
};

static bool has_pattern(const struct patterned *p, uint32_t pattern)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->list[i] == pattern)
            return true;
    return false;
}

static bool phrase_continues(const struct search *x, const struct kol_phrase *p, size_t i,
                             const struct patterned *words)
{
    const struct kol_talk *t = &x->s->talk;
    for (size_t k = 1; k < p->count; k++)
        if (i + k >= t->word_count || t->words[i + k].gap > KOL_GAP_HYPHEN ||
            !has_pattern(&words[i + k], p->patterns[k]))
            return false;
    return true;
}

/* "אם יש או שיש לו": no marble (שיש), but "that he has". */
static bool is_that_there_is(const struct kol_talk *t, size_t i)
{
    /* and no boiler: "בן דוד" is a cousin */
    if (i > 0 && kol_is(&t->words[i], "דוד|הדוד|דודה") &&
        kol_is_stem(&t->words[i - 1], "בן|בת|בני|בנות"))
        return true;
    return kol_is(&t->words[i], "שיש") && i + 1 < t->word_count &&
           kol_is(&t->words[i + 1], "לו|לי|לה|לנו|להם|להן|לך|לכם|פה|שם|כאן|עוד|מישהו|משהו|בעיה|"
                                    "אצל|אצלי|אצלנו|בו|בה|בית|רק|גם|איזה|איזו|מקום|זמן");
}

static bool find_hits(struct search *x)
{
    const struct kol_talk *t = &x->s->talk;
    struct patterned *words = kol_arena_array(x->s->a, t->word_count + 1, sizeof *words);
    x->hits = kol_arena_array(x->s->a, MAX_HITS, sizeof *x->hits);
    if (!words || !x->hits)
        return false;
    for (size_t i = 0; i < t->word_count; i++)
        if (!(x->s->marks[i] & (KOL_MARK_NAME | KOL_MARK_PHONE)) && !is_that_there_is(t, i))
            words[i].count = patterns_of(x->t, &t->words[i], words[i].list);
    for (size_t i = 0; i < t->word_count; i++)
        for (size_t k = 0; k < words[i].count; k++) {
            char digits[12], *key = digits + sizeof digits; /* as taxonomy.c wrote it: "%u" */
            uint32_t rest = words[i].list[k];
            do
                *--key = (char)('0' + rest % 10);
            while (rest /= 10);
            size_t len = (size_t)(digits + sizeof digits - key);
            uint32_t cursor = 0, phrase;
            while (x->hit_count < MAX_HITS &&
                   kol_index_next(&x->t->by_pattern, key, len, &cursor, &phrase)) {
                const struct kol_phrase *p = &x->t->phrases[phrase];
                if (phrase_continues(x, p, i, words))
                    x->hits[x->hit_count++] =
                        (struct hit){p->part, (uint32_t)i, (uint32_t)i + p->count};
            }
        }
    return true;
}

/* --- what a hit is worth --- */

static bool is_denied(const struct search *x, size_t first)
{
    const struct kol_talk *t = &x->s->talk;
    size_t from = first;
    while (from > 0 && first - from < 4 && t->words[from].gap < KOL_GAP_COMMA)
        from--;
    for (size_t i = from; i < first; i++) {
        size_t n = kol_phrase_at(t, i, DENIALS);
        if (n && i + n <= first && first - (i + n) <= 2 &&
            !kol_phrase_at(t, i, "not sure|not only|לא רק|לא יודע|לא בטוח"))
            return true;
    }
    return false;
}

/* "a plumber, no, I mean an electrician": another trade takes the place of the one before. */
static bool is_taken_back(const struct search *x, const struct kol_cue *cue, size_t end)
{
    const struct kol_talk *t = &x->s->talk;
    const size_t skip = end < t->word_count && kol_is(&t->words[end], "no|sorry|wait|לא|סליחה|רגע");
    const size_t n = end + skip < t->word_count ? kol_phrase_at(t, end + skip, TAKES_BACK) : 0;
    if (n == 0 || t->words[end].turn != t->words[end - 1].turn)
        return false;
    const size_t from = end + skip + n;
    for (size_t i = 0; i < x->hit_count; i++) {
        const struct hit *h = &x->hits[i];
        const struct kol_cue *other = &x->t->cues[x->t->cue_of_part[h->part]];
        if (h->first >= from && h->first < from + 4 && other->level == KOL_CUE_NAME &&
            other->service != cue->service)
            return true;
    }
    return false;
}

/* "the plumber was already here", "האינסטלטור כבר היה", "a roofer came last year" */
static bool is_past(const struct search *x, size_t end)
{
    const struct kol_talk *t = &x->s->talk;
    size_t to = end + 5 < t->word_count ? end + 5 : t->word_count;
    for (size_t i = end; i < to && t->words[i].gap < KOL_GAP_STOP; i++)
        if (kol_phrase_at(t, i,
                          "already|was here|came|came last|told me|said|charged|כבר היה|היה פה|היה "
                          "כאן|אמר|אמרה|אמרו|בא אתמול|שהיה|שבא|היה אצלי|הגיע אתמול|לקח|החליף"))
            return true;
    return false;
}

/* "the broker, his name is Ori", "my lawyer", "I'm a plumber": somebody in the story. */
static bool is_third_party(const struct search *x, struct kol_span span)
{
    const struct kol_talk *t = &x->s->talk;
    if (kol_role_at(t, span.first) == KOL_ROLE_AGENT)
        return false;
    if (span.end < t->word_count &&
        kol_phrase_at(t, span.end,
                      "קוראים לו|קוראים לה|his name|her name|אמר|אמרה|told me|שלי|שלנו"))
        return true;
    return kol_phrase_before(t, span.first,
                             "my|our|his|her|their|i'm a|im a|as a|i am a|from the|by the|from "
                             "our|from an|אני|בעלי|אשתי|אחי|work as a");
}

static bool is_wanted(const struct search *x, size_t first)
{
    const struct kol_talk *t = &x->s->talk;
    size_t from = kol_sentence_first(t, first);
    from = first - from > 6 ? first - 6 : from;
    return kol_phrase_find(t, from, first, WANTS) < first;
}

/* "looking for a designer": the wish right before it. */
static bool wanted_next(const struct search *x, size_t first)
{
    const struct kol_talk *t = &x->s->talk;
    size_t at = first;
    if (at > 0 && kol_is(&t->words[at - 1], "a|an|some|the|your|good|new"))
        at--;
    return kol_phrase_before(t, at, WANTS) ||
           (at > 0 && t->words[at].gap <= KOL_GAP_HYPHEN &&
            kol_is_stem(&t->words[at - 1],
                        "מחפש|מחפשת|מחפשים|צריך|צריכה|צריכים|רוצה|רוצים|להזמין"));
}

/* "I'm calling about a water heater": the thing right after it is what the call is about. */
static bool is_topic(const struct search *x, size_t first)
{
    const struct kol_talk *t = &x->s->talk;
    size_t at = first;
    if (at > 0 && kol_is(&t->words[at - 1], "a|an|the|my|our|some|one of the|this|ה"))
        at--;
    return t->words[first].gap <= KOL_GAP_HYPHEN && kol_phrase_before(t, at, ABOUT);
}

static double weight_of_speaker(const struct search *x, size_t first)
{
    const struct kol_talk *t = &x->s->talk;
    if (kol_role_at(t, first) != KOL_ROLE_AGENT)
        return 1;
    uint32_t turn = t->words[first].turn;
    /* "You asked for a plaster closet?" "Yes." */
    if (t->sentences[t->words[first].sentence].question &&
        kol_answer_after(t, turn) == KOL_ANSWER_YES && turn > 0)
        return 0.9;
    bool greeting = turn <= 2;
    /* The business says what it is: "Yossi Sealing", "from the studio for interior design" */
    size_t from = kol_sentence_first(t, first);
    if (greeting &&
        kol_phrase_find(t, from, first,
                        "from|this is|its|it's|thanks for calling|welcome "
                        "to|מדבר*|הגעת*|שירותי|חברת|מעבדת|סטודיו|מהסטודיו|מחברת|מ") < first)
        return 0.8;
    return greeting ? 0.65 : 0.4;
}

/* "הקבלן": a certain one, not any that is wanted. */
static bool is_definite(const struct search *x, size_t first)
{
    const struct kol_word *w = &x->s->talk.words[first];
    uint32_t cursor = 0, pattern;
    return w->script == KOL_SCRIPT_HEBREW && strncmp(w->norm, "ה", 2) == 0 &&
           !kol_index_next(&x->t->exact, w->norm, strlen(w->norm), &cursor, &pattern);
}

/* A wish or a trouble in the same sentence: the thing is what the call is about. */
static bool matters(const struct search *x, size_t first)
{
    const struct kol_talk *t = &x->s->talk;
    size_t from = kol_sentence_first(t, first), end = kol_sentence_end(t, first);
    from = first - from > 10 ? first - 10 : from;
    end = end - first > 10 ? first + 10 : end;
    return kol_phrase_find(t, from, end, WANTS "|" TROUBLES) < end;
}

/* Whether the taxonomy has the word as it stands: then it was not heard wrongly. */
static bool is_known(const struct search *x, const struct kol_word *w)
{
    for (size_t s = 0; s < w->stem_count; s++) {
        uint32_t cursor = 0, pattern;
        if (kol_index_next(&x->t->exact, w->stems[s].text, strlen(w->stems[s].text), &cursor,
                           &pattern))
            return true;
    }
    return false;
}

/* "at the hall", "במתחם אירועים": where it is to be, not what is wanted. */
static bool is_place_of(const struct search *x, size_t first)
{
    const struct kol_talk *t = &x->s->talk;
    const struct kol_word *w = &t->words[first];
    return kol_phrase_before(t, first, "at the|in the|at a|in a|at our|in our|at an|inside the") ||
           (w->script == KOL_SCRIPT_HEBREW && w->stem_count > 1 && w->stems[1].place == 'b' &&
            strncmp(w->norm, "ב", 2) == 0);
}

static void score_cue(struct search *x, const struct kol_cue *cue, struct kol_span span,
                      double factor)
{
    static const double worth[] = {[KOL_CUE_NAME] = 7,
                                   [KOL_CUE_DOES] = 8,
                                   [KOL_CUE_SIGN] = 5,
                                   [KOL_CUE_HINT] = 2,
                                   [KOL_CUE_THING] = 2.4};
    static const char *const rules[] = {"service-named", "service-described", "service-symptom",
                                        "service-hint", "service-thing"};
    bool greeting = kol_is_greeting(&x->s->talk, span.first);
    struct tally *y = &(greeting ? x->greetings : x->tallies)[cue->service];
    double points = worth[cue->level] * factor * weight_of_speaker(x, span.first);
    if (cue->level == KOL_CUE_NAME) /* "dog groomer" says more than "groomer" */
        points += 0.6 * (double)(span.end - span.first - 1);
    bool negatable = cue->level == KOL_CUE_NAME || cue->part_count == 1;
    bool names_trade = cue->level == KOL_CUE_NAME;
    if (negatable && (is_denied(x, span.first) || is_taken_back(x, cue, span.end))) {
        if (names_trade)
            y->denied += kol_role_at(&x->s->talk, span.first) == KOL_ROLE_AGENT ? 1 : 6;
        return;
    }
    if (kol_phrase_before(&x->s->talk, span.first,
                          "לפני|אחרי|תוך כדי|במהלך|after|after a|after the|before|before "
                          "the|during|during the|since the"))
        points *= 0.4; /* "after the renovation": when, not what */
    if (!names_trade && cue->part_count == 1 && is_topic(x, span.first))
        points *= 1.8;
    if (names_trade && is_definite(x, span.first) && !is_wanted(x, span.first))
        points *= 0.5;
    if (names_trade && (is_past(x, span.end) || is_third_party(x, span)))
        points *= 0.3;
    else if (names_trade && is_wanted(x, span.first))
        points *= !wanted_next(x, span.first) ? 1.7 : cue->title ? 3.0 : 2.3;
    else if (names_trade && is_place_of(x, span.first))
        points *= 0.4;
    y->asked |= names_trade && !is_past(x, span.end) && wanted_next(x, span.first) &&
                kol_role_at(&x->s->talk, span.first) != KOL_ROLE_AGENT;
    if (cue->level == KOL_CUE_THING) {
        size_t number = (size_t)(cue - x->t->cues);
        points *= matters(x, span.first) ? 1.6 : 1;
        if (!x->seen[number])
            y->things += 0.4 * (points < y->best[KOL_CUE_THING] ? points : y->best[KOL_CUE_THING]);
        x->seen[number] = 1;
    } else {
        y->more += 0.15 * (points < y->best[cue->level] ? points : y->best[cue->level]);
    }
    y->own_words += cue->own ? points : 0;
    x->named |=
        cue->level <= KOL_CUE_DOES && kol_role_at(&x->s->talk, span.first) != KOL_ROLE_AGENT;
    if (points > y->best[cue->level])
        y->best[cue->level] = points;
    if (points > y->span_points) {
        y->span_points = points;
        y->span = span;
        y->rule = rules[cue->level];
    }
}

/* "a man for the hob, not gas, induction": a word that is all there is to a denial. */
static bool is_flatly_denied(const struct search *x, const struct hit *h)
{
    const struct kol_talk *t = &x->s->talk;
    return h->first > 0 && t->words[h->first].gap <= KOL_GAP_HYPHEN &&
           kol_is(&t->words[h->first - 1], "לא|ולא|not|no") &&
           (h->end >= t->word_count || t->words[h->end].gap >= KOL_GAP_COMMA);
}

/* The nearest hit of a part around a word of the same turn; NULL when there is none in the window.
 */
static const struct hit *near(const struct search *x, uint32_t part, const struct hit *anchor,
                              size_t index)
{
    const struct kol_talk *t = &x->s->talk;
    const struct hit *best = NULL;
    uint32_t best_distance = WINDOW + 1;
    for (int step = -1; step <= 1; step += 2)
        for (size_t i = index + step; i < x->hit_count; i += step) {
            const struct hit *h = &x->hits[i];
            uint32_t distance =
                h->first > anchor->first ? h->first - anchor->first : anchor->first - h->first;
            if (distance > WINDOW)
                break;
            bool apart = h->first >= anchor->end || h->end <= anchor->first;
            if (h->part == part && apart && distance < best_distance &&
                t->words[h->first].turn == t->words[anchor->first].turn) {
                best = h;
                best_distance = distance;
            }
        }
    return best;
}

static void score_hits(struct search *x)
{
    for (size_t i = 0; i < x->hit_count; i++) {
        const struct hit *anchor = &x->hits[i];
        const struct kol_cue *cue = &x->t->cues[x->t->cue_of_part[anchor->part]];
        if (anchor->part != cue->first_part)
            continue;
        struct kol_span span = {anchor->first, anchor->end};
        bool denied = cue->part_count > 1 && is_flatly_denied(x, anchor);
        uint8_t k = 1;
        for (; k < cue->part_count; k++) {
            const struct hit *other = near(x, cue->first_part + k, anchor, i);
            if (!other)
                break;
            denied |= is_flatly_denied(x, other);
            span.first = other->first < span.first ? other->first : span.first;
            span.end = other->end > span.end ? other->end : span.end;
        }
        if (k < cue->part_count || denied)
            continue;
        /* Parts in different sentences fit less well. */
        bool one_sentence =
            x->s->talk.words[span.first].sentence == x->s->talk.words[span.end - 1].sentence;
        score_cue(x, cue, span, one_sentence ? 1 : 0.8);
    }
}

/* Trades that Whisper heard wrongly: only their names, only words of some length, at a price. */
static void score_sounds(struct search *x)
{
    const struct kol_talk *t = &x->s->talk;
    for (size_t i = 0; i < t->word_count; i++) {
        const struct kol_word *w = &t->words[i];
        bool latin = w->script == KOL_SCRIPT_LATIN;
        /* Short names only where a trade is asked for: "צריך צבאי". */
        bool asked = !latin && wanted_next(x, i);
        size_t least = latin ? 6 : asked ? 8 : 10;
        if (strlen(w->norm) < least || x->s->marks[i] || is_known(x, w))
            continue;
        for (size_t p = 0; p < x->t->phrase_count; p++) {
            const struct kol_phrase *phrase = &x->t->phrases[p];
            const struct kol_cue *cue = &x->t->cues[x->t->cue_of_part[phrase->part]];
            const char *word = x->t->patterns[phrase->patterns[0]];
            if (cue->level != KOL_CUE_NAME || cue->part_count > 1 || phrase->count > 1 ||
                strlen(word) < least)
                continue;
            for (size_t s = 0; s < w->stem_count; s++) {
                if (strlen(w->stems[s].text) < least)
                    continue;
                double d = kol_sound_distance(w->stems[s].text, word);
                if (d > 0 && d <= (latin ? 0.5 : strlen(word) < 10 ? 0.36 : 0.45))
                    score_cue(x, cue, (struct kol_span){(uint32_t)i, (uint32_t)i + 1},
                              0.75 - 0.3 * d);
            }
        }
    }
}

static double total(const struct tally *y)
{
    double sum = y->more < MOST_MORE ? y->more : MOST_MORE;
    for (size_t i = 0; i < KOL_CUE_LEVELS; i++)
        sum += y->best[i];
    sum += y->things < MOST_THINGS ? y->things : MOST_THINGS;
    return sum - y->denied * 3;
}

static void add_up(struct search *x, struct kol_service_said *ret)
{
    for (size_t i = 0; i < x->t->service_count; i++) {
        const struct tally *y = &x->tallies[i], *g = &x->greetings[i];
        ret[i] = (struct kol_service_said){.points = total(y),
                                           .greeting = total(g),
                                           .asked = y->asked && y->denied <= 0,
                                           .own_words = y->own_words + g->own_words,
                                           .span = y->span,
                                           .greeting_span = g->span,
                                           .rule = y->rule};
    }
}

#define SHORT_CALL 60 /* words */

/* "Garage Brothers." "Are you open on Fridays?" asks for no work: the trade is only in the name. */
static bool asks_for_something(const struct kol_talk *t)
{
    if (t->word_count < SHORT_CALL &&
        kol_phrase_find(t, 0, t->word_count,
                        "are you open|open on|opening hours|פתוחים|פתוח|שעות פתיחה") <
            t->word_count)
        return false;
    return kol_customer_says(t, WANTS "|" TROUBLES
                                      "|תור|tomorrow|today|monday|tuesday|wednesday|thursday|"
                                      "friday|sunday|מחר|היום|בראשון|בשני|בשלישי|ברביעי|בחמישי|"
                                      "בשישי|ביום");
}

struct kol_service_rules *kol_service_rules_find(struct kol_scene *s)
{
    struct search *x = kol_arena_alloc(s->a, sizeof *x);
    struct kol_service_rules *ret = kol_arena_alloc(s->a, sizeof *ret);
    if (!x || !ret)
        return NULL;
    *x = (struct search){.s = s, .t = &s->lexicon->taxonomy};
    x->tallies = kol_arena_array(s->a, x->t->service_count + 1, sizeof *x->tallies);
    x->greetings = kol_arena_array(s->a, x->t->service_count + 1, sizeof *x->greetings);
    x->seen = kol_arena_array(s->a, x->t->cue_count + 1, sizeof *x->seen);
    ret->said = kol_arena_array(s->a, x->t->service_count + 1, sizeof *ret->said);
    ret->search = x;
    ret->asks = asks_for_something(&s->talk);
    if (!x->tallies || !x->greetings || !x->seen || !ret->said || !find_hits(x))
        return NULL;
    score_hits(x);
    add_up(x, ret->said);
    double first = 0;
    for (size_t i = 0; i < x->t->service_count; i++)
        first = fmax(first, ret->said[i].points + ret->said[i].greeting);
    if (first < 5 || !x->named) { /* only when the words as they stand name no trade */
        score_sounds(x);
        add_up(x, ret->said);
    }
    return ret;
}

void kol_service_rules_mark(const struct kol_service_rules *rules, size_t service)
{
    const struct search *x = rules->search;
    for (size_t i = 0; i < x->hit_count; i++) {
        const struct kol_cue *cue = &x->t->cues[x->t->cue_of_part[x->hits[i].part]];
        if (cue->service == service && cue->level <= KOL_CUE_SIGN)
            for (size_t k = x->hits[i].first; k < x->hits[i].end; k++)
                x->s->marks[k] |= KOL_MARK_TOPIC;
    }
}

/* "lock smith", "מנהולן": a name that was heard wrongly is believed less. */
double kol_service_rules_spelling(const struct kol_service_rules *rules, struct kol_span span)
{
    const struct search *x = rules->search;
    const struct kol_talk *t = &x->s->talk;
    uint32_t patterns[PATTERNS_OF_WORD], cursor = 0, pattern;
    if (span.end == span.first + 1)
        return patterns_of(x->t, &t->words[span.first], patterns) > 0 ? 1 : 0.92;
    if (span.end != span.first + 2)
        return 1;
    const char *joined =
        kol_arena_fmt(x->s->a, "%s%s", t->words[span.first].norm, t->words[span.first + 1].norm);
    return joined && kol_index_next(&x->t->exact, joined, strlen(joined), &cursor, &pattern) ? 0.92
                                                                                             : 1;
}
