/*
 * city.c - where the work is: finds the towns that are named, and the one that wins.
 */
#include "understand/city.h"
#include "understand/confidence.h"
#include "understand/sound.h"
#include <string.h>

#define THRESHOLD 2.2
#define THRESHOLD_ALONE 0.9 /* no other town is named */

static bool in_glossary(const struct kol_scene *s, const struct kol_place *p)
{
    for (size_t i = 0; i < s->in->glossary_count; i++)
        if ((p->he && strcmp(s->in->glossary[i], p->he) == 0) ||
            strcasecmp(s->in->glossary[i], p->en) == 0)
            return true;
    return false;
}

static void add(struct kol_field *f, const struct kol_place_match *m)
{
    if (f->count == KOL_MAX_MENTIONS)
        return;
    f->list[f->count++] = (struct kol_mention){.m = *m};
    f->s->talk.words[m->first].town = true;
    for (size_t i = m->first; i < m->end; i++)
        f->s->marks[i] |= KOL_MARK_PLACE;
}

/* "במעלית" is no town heard wrongly: the taxonomy knows the word. */
static bool is_word_of_a_trade(const struct kol_scene *s, const struct kol_word *w)
{
    for (size_t i = 0; i < w->stem_count; i++) {
        uint32_t cursor = 0, pattern;
        const char *text = w->stems[i].text;
        if (strcmp(text, "פתח") != 0 && strcmp(text, "כרית") != 0 &&
            strcmp(text, "קריאת") != 0 && /* heard for קריית */
            kol_index_next(&s->lexicon->taxonomy.exact, text, strlen(text), &cursor, &pattern))
            return true;
    }
    return false;
}

/* A word after a preposition of place that we do not know may be a town heard wrongly. */
static bool may_be_misheard(const struct kol_field *f, size_t i)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_word *w = &t->words[i];
    struct kol_place_match known;
    if (f->s->marks[i])
        return false;
    if (kol_places_match(f->s->lexicon->places, t, i, &known))
        return false; /* the name of a village, and not meant as one */
    if (is_word_of_a_trade(f->s, w))
        return false;
    if (w->script == KOL_SCRIPT_HEBREW)
        return !kol_is(w, "ממילא|בכלל|לבד|מאוד|מראש|לגמרי|למשל|מהר|לפני|באמת|לאט|ביחד|בערך|בטח");
    return w->script == KOL_SCRIPT_LATIN && i > 0 && (w->capital || !t->has_case) &&
           w->gap <= KOL_GAP_HYPHEN && kol_is(&t->words[i - 1], "in|to|at|from|near|of") &&
           !kol_is(
               w,
               "that|this|there|here|your|with|have|some|like|rain|half|them|then|three|four|five");
}

/*
 * "Heyphazoon" for "Haifa soon": a long unknown word after "in" whose first part sounds, vowel for
 * vowel, like a town of the business's glossary or one of the large ones.
 */
static bool match_run_together(const struct kol_field *f, size_t i, struct kol_place_match *ret)
{
    const struct kol_gazetteer *g = f->s->lexicon->places;
    char heard[48], key[48];
    const struct kol_word *w = &f->s->talk.words[i];
    size_t n = kol_sound_key(w->norm, heard, sizeof heard), longest = 0;
    if (w->script != KOL_SCRIPT_LATIN || strlen(w->norm) < 7 || n < 5)
        return false;
    for (size_t k = 0; k < g->name_count; k++) {
        const struct kol_place *p = &g->places[g->names[k].place];
        if (g->names[k].count > 1 || g->names[k].weak || p->tier != KOL_TIER_CORE ||
            (p->population < 60000 && !in_glossary(f->s, p)))
            continue;
        size_t len = kol_sound_key(g->names[k].words[0], key, sizeof key);
        if (len < 4 || len <= longest || strncmp(heard, key, len) != 0 ||
            g->names[k].words[0][0] != w->norm[0])
            continue;
        longest = len;
        *ret = (struct kol_place_match){.first = (uint32_t)i,
                                        .end = (uint32_t)i + 1,
                                        .place = g->names[k].place,
                                        .how = KOL_PLACE_SOUND,
                                        .distance = 0.8};
    }
    return longest > 0;
}

/* A name or a town is written with a capital letter, not only "I" and the first word. */
static bool writes_capitals(const struct kol_talk *t)
{
    for (size_t i = 0; i < t->word_count && t->has_case; i++)
        if (t->words[i].capital && t->words[i].gap < KOL_GAP_STOP &&
            i > t->turns[t->words[i].turn].first &&
            !kol_is(&t->words[i], "i|i'm|i've|i'd|i'll|ok|ac|tv|hi|hello|yes|no"))
            return true;
    return false;
}

static void find_mentions(struct kol_field *f)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_gazetteer *g = f->s->lexicon->places;
    struct kol_place_match m;
    bool cased = writes_capitals(t);
    for (size_t i = 0; i < t->word_count; i++) {
        if (!kol_places_match(g, t, i, &m))
            continue;
        bool lower = t->words[i].script == KOL_SCRIPT_LATIN && t->has_case &&
                     !t->words[i].capital && (cased || !kol_city_relation(t, &m));
        if (!lower && !kol_city_is_name(f, &m) && !kol_city_is_street(f, &m) &&
            (!m.weak || kol_city_is_meant(f, &m)))
            add(f, &m);
        i = m.end - 1;
    }
    size_t exact = f->count;
    for (size_t i = 0; i < t->word_count && exact < KOL_MAX_MENTIONS; i++)
        if (((!f->s->marks[i] && kol_places_match_split(g, t, i, &m)) ||
             (may_be_misheard(f, i) &&
              (kol_places_match_sound(g, t, i, &m) || match_run_together(f, i, &m)))) &&
            !kol_city_is_street(f, &m))
            add(f, &m);
}

struct standing {
    uint32_t place;
    double points, best; /* in all; of its best mention */
    size_t mention;      /* that one */
};

/* Sums the mentions of a place; a denial counts unless the place is affirmed after it. */
/* The same ending: "בנתניה" and "נתניה". */
static bool is_same_word(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b), n = la < lb ? la : lb;
    return strcmp(a + la - n, b + lb - n) == 0;
}

/* "in Binyamina, not in Givat Ada" are two names of one place: a part of it is denied, not it. */
static bool denies_part(const struct kol_field *f, size_t i)
{
    const struct kol_talk *t = &f->s->talk;
    const struct kol_place_match *m = &f->list[i].m;
    for (size_t k = 0; k < f->count; k++) {
        const struct kol_mention *o = &f->list[k];
        if (o->m.place == m->place && !o->rejected &&
            t->words[o->m.first].turn == t->words[m->first].turn &&
            !is_same_word(t->words[o->m.end - 1].norm, t->words[m->end - 1].norm))
            return true;
    }
    return false;
}

static void sum_up(const struct kol_field *f, uint32_t place, struct standing *ret)
{
    double others = 0;
    *ret = (struct standing){.place = place, .best = -99};
    bool rejected = false;
    for (size_t i = 0; i < f->count; i++) {
        const struct kol_mention *n = &f->list[i];
        if (n->m.place != place)
            continue;
        if (n->rejected)
            rejected |= !denies_part(f, i);
        else if (n->points > 4)
            rejected = false;
        if (n->points > ret->best) {
            others += ret->best > 0 ? ret->best : 0;
            ret->best = n->points;
            ret->mention = i;
        } else if (n->points > 0) {
            others += n->points;
        }
    }
    ret->points = ret->best + (others > 10 ? 10 : others) * 0.25 - (rejected ? 6 : 0);
    /* The larger of two towns said in one breath is the town, the other its quarter. */
    ret->points += log10(1 + f->s->lexicon->places->places[place].population) * 0.08;
}

/* The caller names it, and whatever else is named is denied. */
static bool is_only_one(const struct kol_field *f, uint32_t place)
{
    bool caller = false;
    for (size_t i = 0; i < f->count; i++) {
        if (f->list[i].m.place != place && !f->list[i].rejected)
            return false;
        caller |= f->list[i].m.place == place &&
                  kol_role_at(&f->s->talk, f->list[i].m.first) != KOL_ROLE_AGENT;
    }
    return caller;
}

/* Other towns that the caller named and that were not denied. */
static double count_rivals(const struct kol_field *f, uint32_t place)
{
    double n = 0;
    for (size_t i = 0; i < f->count; i++) {
        const struct kol_mention *m = &f->list[i];
        bool seen = m->m.place == place || m->rejected ||
                    kol_role_at(&f->s->talk, m->m.first) == KOL_ROLE_AGENT;
        for (size_t k = 0; k < i && !seen; k++)
            seen = f->list[k].m.place == m->m.place;
        n += !seen;
    }
    return n;
}

/* "Afula\t13 3…": a line a mention: town, population, denied, distance of sound, rules that fired.
 */
static const char *write_trace(const struct kol_field *f)
{
    static const char *const names[] = {
#define NAME(id, points, what) #id,
        KOL_CITY_RULES(NAME)
#undef NAME
    };
    const char *out = "";
    for (size_t i = 0; i < f->count; i++) {
        const struct kol_mention *n = &f->list[i];
        const struct kol_place *p = &f->s->lexicon->places->places[n->m.place];
        out = kol_arena_fmt(f->s->a, "%s%s\t%s\t%u\t%d\t%d\t%.2f\t%.2f\t", out, p->en,
                            p->he ? p->he : "", p->population, n->rejected,
                            kol_role_at(&f->s->talk, n->m.first) == KOL_ROLE_AGENT,
                            n->m.how == KOL_PLACE_SOUND ? 0.3 + n->m.distance : 0.0, n->points);
        for (size_t k = 0; k < KOL_CITY_RULE_COUNT && out; k++)
            for (unsigned c = 0; c < n->fired[k] && out; c++)
                out = kol_arena_fmt(f->s->a, "%s%s ", out, names[k]);
        out = out ? kol_arena_fmt(f->s->a, "%s\n", out) : NULL;
    }
    return out;
}

void kol_find_city(struct kol_scene *s, struct kol_insight_value *ret)
{
    struct kol_field *f = kol_arena_alloc(s->a, sizeof *f);
    if (!f)
        return;
    f->s = s;
    find_mentions(f);
    kol_city_find_undoes(f);
    f->for_others = kol_city_is_for_others(f);
    for (size_t i = 0; i < f->count; i++)
        kol_city_weigh(f, &f->list[i]);
    for (size_t i = 0; i < f->count; i++)
        for (size_t k = i + 1; k < f->count && k < i + 4; k++)
            kol_city_weigh_pair(f, &f->list[i], &f->list[k]);
    if (s->in->trace)
        ret->trace = write_trace(f);
    struct standing first = {.points = -99}, second = {.points = -99};
    for (size_t i = 0; i < f->count; i++) {
        struct standing one;
        sum_up(f, f->list[i].m.place, &one);
        if (one.place == first.place && first.points > -99)
            continue;
        if (one.points > first.points) {
            second = first;
            first = one;
        } else if (one.points > second.points) {
            second = one;
        }
    }
    bool only_one = is_only_one(f, first.place);
    if (first.points < (only_one ? THRESHOLD_ALONE : THRESHOLD))
        return;
    const struct kol_mention *n = &f->list[first.mention];
    const struct kol_place *p = &s->lexicon->places->places[first.place];
    struct kol_insight_strength strength = {first.points,
                                            first.points - (second.points > 0 ? second.points : 0),
                                            count_rivals(f, first.place)};
    bool doubt = s->service_confidence < KOL_CLEAR_SERVICE;
    s->city = (struct kol_span){n->m.first, n->m.end};
    for (size_t i = 0; i < f->count; i++)
        if (f->list[i].rejected && f->list[i].m.place != first.place)
            s->not_city = (struct kol_span){f->list[i].m.first, f->list[i].m.end};
    if (s->quarter.end &&
        s->talk.words[s->quarter.first].sentence != s->talk.words[n->m.first].sentence)
        s->quarter.end = 0;
    double confidence = kol_confidence_if(&kol_confidence_of_city, &strength, doubt) *
                        (0.5 + 0.5 * kol_heard(s, s->city));
    if (first.points < THRESHOLD || kol_city_relation(&s->talk, &n->m) == 'n')
        confidence *= 0.75;
    if (n->m.how == KOL_PLACE_SOUND)
        confidence *= 0.9 - 0.3 * n->m.distance;
    *ret =
        (struct kol_insight_value){.value = s->hebrew && p->he ? p->he : p->en,
                                   .value_en = p->en,
                                   .confidence = confidence,
                                   .strength = strength,
                                   .trace = ret->trace,
                                   .rule = n->m.how == KOL_PLACE_SOUND ? "city-by-sound" : n->rule};
    kol_set_evidence(s, s->city, ret);
}
