/*
 * places.c - reads places.tsv and finds towns among the words of a call.
 */
#include "base/str.h"
#include "understand/lexicon.h"
#include "understand/sound.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 6
#define TORN 0.45 /* distance of sound of a name that was heard as several words */

static enum kol_code no_memory(struct kol_err *err)
{
    return kol_fail(err, KOL_NO_MEMORY, "places: out of memory");
}

/* "Be'er Sheva" as the words beer, sheva; false when it has too many words to be a name. */
static bool read_name(struct kol_arena *a, const char *text, uint32_t place,
                      struct kol_place_name *ret)
{
    char *words[KOL_NAME_WORDS + 1];
    *ret = (struct kol_place_name){.place = place, .weak = *text == '?'};
    size_t n = kol_fold_words(a, text + ret->weak, words, KOL_NAME_WORDS + 1);
    if (n == 0 || n > KOL_NAME_WORDS)
        return false;
    size_t bytes = 1;
    for (size_t i = 0; i < n; i++)
        bytes += strlen(words[i]);
    char *joined = kol_arena_alloc(a, bytes), *to = joined;
    if (!joined)
        return false;
    for (size_t i = 0; i < n; i++) {
        ret->words[i] = words[i];
        to = mempcpy(to, words[i], strlen(words[i]));
    }
    ret->joined = joined;
    ret->latin = (uint8_t)joined[0] < 0x80;
    ret->first_letters = (uint8_t)(strlen(words[0]) / (ret->latin ? 1 : 2));
    ret->count = (uint8_t)n;
    return true;
}

static enum kol_code read_place(struct kol_arena *a, char **columns, struct kol_gazetteer *g,
                                struct kol_err *err)
{
    static const char *const tiers[] = {"core", "village", "abroad"};
    struct kol_place *p = &g->places[g->place_count];
    int64_t population = 0;
    size_t tier = 0;
    while (tier < 3 && strcmp(columns[2], tiers[tier]) != 0)
        tier++;
    if (strlen(columns[0]) != 2 || !kol_parse_i64(columns[1], &population) || tier == 3)
        return kol_fail(err, KOL_BAD_CONFIG, "bad country, population or tier");
    *p = (struct kol_place){.he = *columns[3] ? columns[3] : NULL,
                            .en = columns[4],
                            .population = (uint32_t)population,
                            .tier = (enum kol_tier)tier};
    memcpy(p->country, columns[0], 3);
    for (char *name; (name = strsep(&columns[5], "|"));)
        if (*name && read_name(a, name, (uint32_t)g->place_count, &g->names[g->name_count]))
            g->name_count++;
    g->place_count++;
    return KOL_OK;
}

/* Names in the order of the file; the first ones win, so they are added last. */
static bool index_names(struct kol_arena *a, struct kol_gazetteer *g)
{
    if (!kol_index_init(&g->by_first, a, g->name_count) ||
        !kol_index_init(&g->by_joined, a, g->name_count))
        return false;
    for (size_t i = g->name_count; i-- > 0;) {
        const struct kol_place_name *n = &g->names[i];
        if (!kol_index_add(&g->by_first, n->words[0], (uint32_t)i))
            return false;
        /* "י-ם" and "בת ים" run together are other words: "מים" is water, "בתים" are houses. */
        bool other_word = strlen(n->joined) < (n->latin ? 4 : 8) || strcmp(n->joined, "בתימ") == 0;
        if (n->count > 1 && !other_word && !kol_index_add(&g->by_joined, n->joined, (uint32_t)i))
            return false;
    }
    return true;
}

static size_t count_char(const struct kol_source *s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s->len; i++)
        n += s->text[i] == c;
    return n;
}

enum kol_code kol_gazetteer_read(struct kol_arena *a, const struct kol_source *source,
                                 struct kol_gazetteer *ret, struct kol_err *err)
{
    size_t lines = count_char(source, '\n') + 1;
    *ret = (struct kol_gazetteer){0};
    ret->places = kol_arena_array(a, lines, sizeof *ret->places);
    ret->names = kol_arena_array(a, lines + count_char(source, '|'), sizeof *ret->names);
    char *text = kol_arena_strn(a, source->text, source->len);
    if (!ret->places || !ret->names || !text)
        return no_memory(err);
    size_t number = 0;
    for (char *line; (line = strsep(&text, "\n"));) {
        number++;
        if (!*line || *line == '#')
            continue;
        char *columns[COLUMNS] = {0};
        for (size_t i = 0; i < COLUMNS; i++)
            columns[i] = strsep(&line, "\t");
        if (!columns[COLUMNS - 1])
            return kol_fail(err, KOL_BAD_CONFIG, "%s:%zu: less than %d columns", source->name,
                            number, COLUMNS);
        if (read_place(a, columns, ret, err) != KOL_OK)
            return kol_err_prefix(err, "%s:%zu", source->name, number);
    }
    return index_names(a, ret) ? KOL_OK : no_memory(err);
}

/* The words after the first, as they stand in the call: no comma or stop between them. */
static bool rest_matches(const struct kol_place_name *n, const struct kol_talk *talk, size_t i)
{
    if (i + n->count > talk->word_count)
        return false;
    for (size_t k = 1; k < n->count; k++) {
        const struct kol_word *w = &talk->words[i + k];
        if (w->gap > KOL_GAP_HYPHEN || strcmp(w->norm, n->words[k]) != 0)
            return false;
    }
    return true;
}

/* The preposition that a Hebrew word begins with, 0 when it begins with none. */
static char preposition(const char *word)
{
    return strncmp(word, "ב", 2) == 0   ? 'b'
           : strncmp(word, "ל", 2) == 0 ? 'l'
           : strncmp(word, "מ", 2) == 0 ? 'm'
                                        : 0;
}

/* A preposition written apart: "ב-New York", "ב תל אביב" */
static char loose_prefix(const struct kol_talk *talk, size_t i)
{
    if (i == 0 || talk->words[i].gap > KOL_GAP_HYPHEN)
        return 0;
    const char *before = talk->words[i - 1].norm;
    if (strcmp(before, "ב") == 0)
        return 'b';
    if (strcmp(before, "ל") == 0)
        return 'l';
    return strcmp(before, "מ") == 0 ? 'm' : 0;
}

static void take(struct kol_place_match *best, const struct kol_gazetteer *g, uint32_t name,
                 size_t i, const struct kol_talk *talk, size_t stem, enum kol_place_how how)
{
    const struct kol_place_name *n = &g->names[name];
    uint32_t end = (uint32_t)(i + (how == KOL_PLACE_JOINED ? 1 : n->count));
    bool longer = end > best->end;
    bool same = end == best->end;
    /* Of names as long as each other the plain one wins, then the larger place. */
    if (!longer && !(same && best->weak && !n->weak) &&
        !(same && best->weak == n->weak &&
          g->places[n->place].population > g->places[best->place].population &&
          g->places[n->place].tier <= g->places[best->place].tier))
        return;
    const struct kol_stem *s = &talk->words[i].stems[stem];
    char prefix = s->place ? s->place : loose_prefix(talk, i);
    *best = (struct kol_place_match){.first = (uint32_t)i,
                                     .end = end,
                                     .place = n->place,
                                     .weak = n->weak,
                                     .prefix = prefix,
                                     .other_prefix = stem > 0 && !s->place &&
                                                     talk->words[i].script == KOL_SCRIPT_HEBREW,
                                     .how = how};
}

bool kol_places_match(const struct kol_gazetteer *g, const struct kol_talk *talk, size_t i,
                      struct kol_place_match *ret)
{
    const struct kol_word *w = &talk->words[i];
    *ret = (struct kol_place_match){0};
    for (size_t s = 0; s < w->stem_count; s++) {
        uint32_t cursor = 0, name;
        size_t len = strlen(w->stems[s].text);
        while (kol_index_next(&g->by_first, w->stems[s].text, len, &cursor, &name))
            if (rest_matches(&g->names[name], talk, i))
                take(ret, g, name, i, talk, s, KOL_PLACE_EXACT);
        for (cursor = 0; kol_index_next(&g->by_joined, w->stems[s].text, len, &cursor, &name);)
            take(ret, g, name, i, talk, s, KOL_PLACE_JOINED);
    }
    return ret->end > 0;
}

/*
 * "in swin done", "in tie berry us": a town of one word that was heard as two or three; only after
 * "in" and its like, and only by sound.
 */
static bool match_torn(const struct kol_gazetteer *g, const struct kol_talk *talk, size_t i,
                       struct kol_place_match *ret)
{
    char joined[64];
    if (i == 0 || talk->words[i].script != KOL_SCRIPT_LATIN ||
        !kol_word_is(&talk->words[i - 1], "in|at|near|from"))
        return false;
    size_t len = strlen(talk->words[i].norm);
    if (len < 3 || len >= sizeof joined)
        return false;
    memcpy(joined, talk->words[i].norm, len + 1);
    for (size_t count = 2; count <= 3 && i + count <= talk->word_count; count++) {
        const struct kol_word *w = &talk->words[i + count - 1];
        size_t more = strlen(w->norm);
        if (w->gap > KOL_GAP_HYPHEN || w->script != KOL_SCRIPT_LATIN || len + more >= sizeof joined)
            break;
        memcpy(joined + len, w->norm, more + 1);
        len += more;
        for (size_t k = 0; len >= 7 && k < g->name_count; k++) {
            const struct kol_place_name *n = &g->names[k];
            const struct kol_place *p = &g->places[n->place];
            long more_letters = (long)len - n->first_letters;
            if (!n->latin || n->weak || n->count > 1 || n->words[0][0] != *joined ||
                n->first_letters < 6 || labs(more_letters) > 2 || p->tier == KOL_TIER_VILLAGE ||
                (p->tier == KOL_TIER_ABROAD && p->population < 40000))
                continue;
            double d = kol_sound_distance(joined, n->words[0]);
            if (d <= TORN && (ret->end == 0 || d < ret->distance))
                *ret = (struct kol_place_match){.first = (uint32_t)i,
                                                .end = (uint32_t)(i + count),
                                                .place = n->place,
                                                .how = KOL_PLACE_SOUND,
                                                .distance = d};
        }
    }
    return ret->end > 0;
}

bool kol_places_match_split(const struct kol_gazetteer *g, const struct kol_talk *talk, size_t i,
                            struct kol_place_match *ret)
{
    static const char little[] =
        "לה|לו|לי|לך|לנו|את|אל|על|יש|זה|לא|אני|הוא|היא|and|on|in|at|the|is";
    const struct kol_word *w = &talk->words[i];
    char joined[64];
    *ret = (struct kol_place_match){0};
    if (i + 1 >= talk->word_count || talk->words[i + 1].gap > KOL_GAP_HYPHEN ||
        kol_word_is(&talk->words[i + 1], little))
        return false;
    for (size_t cut = 0; cut < 2; cut++) { /* as it is, and without a Hebrew preposition */
        char prefix = cut ? preposition(w->norm) : loose_prefix(talk, i);
        int n = snprintf(joined, sizeof joined, "%s%s", w->norm + cut * 2, talk->words[i + 1].norm);
        uint32_t cursor = 0, name;
        if (n < 10 || n >= (int)sizeof joined || (cut && !prefix))
            continue; /* five Hebrew letters, ten Latin ones */
        while (kol_index_next(&g->by_first, joined, (size_t)n, &cursor, &name)) {
            const struct kol_place *p = &g->places[g->names[name].place];
            if (g->names[name].count > 1 || g->names[name].weak || p->tier == KOL_TIER_VILLAGE ||
                (p->tier == KOL_TIER_ABROAD && p->population < 100000))
                continue;
            *ret = (struct kol_place_match){.first = (uint32_t)i,
                                            .end = (uint32_t)i + 2,
                                            .place = g->names[name].place,
                                            .prefix = prefix,
                                            .how = KOL_PLACE_SOUND,
                                            .distance = 0.2};
            return true;
        }
    }
    return match_torn(g, talk, i, ret);
}

/*
 * How well the words from i on sound like a name of several words or of one; far when there are not
 * enough words or a comma stands between them.
 */
static double sound_of_name(const struct kol_place_name *n, const struct kol_talk *talk, size_t i,
                            const char *first_stem)
{
    double sum = kol_sound_distance(first_stem, n->words[0]);
    for (size_t k = 1; k < n->count && sum < 1; k++) {
        if (i + k >= talk->word_count || talk->words[i + k].gap > KOL_GAP_HYPHEN)
            return KOL_SOUND_FAR;
        sum += kol_sound_distance(talk->words[i + k].norm, n->words[k]);
    }
    return sum;
}

/* Short names must sound the same; long ones may differ in a vowel or two. */
static double sound_allowed(const struct kol_place_name *n, bool latin)
{
    size_t letters = strlen(n->joined) / (latin ? 1 : 2);
    if (letters < 4)
        return 0;
    if (latin)
        return letters < 6 ? 0.35 : 0.8;
    return n->count > 1 ? 0.65 : letters < 6 ? 0.35 : 0.5;
}

/* "מינתיבות" for "מנתיבות": the preposition with the vowel it is said with. */
static bool match_voiced(const struct kol_gazetteer *g, const struct kol_talk *talk, size_t i,
                         struct kol_place_match *ret)
{
    const struct kol_word *w = &talk->words[i];
    char prefix = preposition(w->norm);
    uint32_t cursor = 0, name;
    if (w->script != KOL_SCRIPT_HEBREW || !prefix || strncmp(w->norm + 2, "י", 2) != 0 ||
        strlen(w->norm) < 12)
        return false;
    while (kol_index_next(&g->by_first, w->norm + 4, strlen(w->norm) - 4, &cursor, &name)) {
        const struct kol_place_name *n = &g->names[name];
        if (n->weak || g->places[n->place].tier != KOL_TIER_CORE || !rest_matches(n, talk, i))
            continue;
        *ret = (struct kol_place_match){.first = (uint32_t)i,
                                        .end = (uint32_t)(i + n->count),
                                        .place = n->place,
                                        .prefix = prefix,
                                        .how = KOL_PLACE_SOUND,
                                        .distance = 0.2};
        return true;
    }
    return false;
}

bool kol_places_match_sound(const struct kol_gazetteer *g, const struct kol_talk *talk, size_t i,
                            struct kol_place_match *ret)
{
    const struct kol_word *w = &talk->words[i];
    bool latin = w->script == KOL_SCRIPT_LATIN;
    *ret = (struct kol_place_match){.distance = KOL_SOUND_FAR};
    if (!latin && w->script != KOL_SCRIPT_HEBREW)
        return false;
    if (match_voiced(g, talk, i, ret))
        return true;
    for (size_t s = 0; s < w->stem_count; s++) {
        const struct kol_stem *stem = &w->stems[s];
        char prefix = stem->place ? stem->place : loose_prefix(talk, i);
        if (!latin && !prefix)
            continue;
        long letters = (long)strlen(stem->text) / (latin ? 1 : 2);
        for (size_t k = 0; k < g->name_count; k++) {
            const struct kol_place_name *n = &g->names[k];
            const struct kol_place *p = &g->places[n->place];
            bool large = latin && p->tier == KOL_TIER_ABROAD && p->population >= 150000 &&
                         n->first_letters >= 6;
            if (n->latin != latin || n->weak || labs(letters - n->first_letters) > 2 ||
                (p->tier != KOL_TIER_CORE && !large))
                continue;
            if (n->count == 1 && strlen(stem->text) < (latin ? 4 : 8))
                continue;
            double d = sound_of_name(n, talk, i, stem->text);
            if (d > (large ? 0.4 : sound_allowed(n, latin)) || d >= ret->distance)
                continue;
            *ret = (struct kol_place_match){.first = (uint32_t)i,
                                            .end = (uint32_t)(i + n->count),
                                            .place = n->place,
                                            .prefix = prefix,
                                            .how = KOL_PLACE_SOUND,
                                            .distance = d};
        }
    }
    return ret->end > 0;
}
