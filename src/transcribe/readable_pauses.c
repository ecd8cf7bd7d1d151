/*
 * readable_pauses.c - "zero five two" ... "one two three" ... "four five six seven".
 *
 * People dictate in groups and wait for a "yes" after each, and a segment ends at a long pause.
 * What follows a segment that ends in figures, and begins in figures, is looked at together with
 * it.
 */
#include "base/str.h"
#include "transcribe/readable_find.h"
#include <string.h>

#define PAUSE_MOST_MS 6000
#define CHAIN_MOST 8

struct chain {
    size_t segments[CHAIN_MOST];
    size_t count;
};

/* What stands at one end of a segment. */
enum edge { OTHER, FIGURE, SIGN };

struct edges {
    bool whole; /* text and words are the same: what goes to another segment has its times */
    enum edge first, last;
};

/* A sign goes over a pause with whatever is on the other side: "david" ... "at gmail dot com". */
static enum edge edge_of(const struct kol_said_word *w)
{
    if (kol_said_is(w, "at|dot|underscore|dash|שטרודל|נקודה|מקף"))
        return SIGN;
    const bool twice = kol_said_is(w, "double|triple|treble|כפול|פעמיים");
    return twice || w->kind == KOL_SAID_DIGITS || w->shape != KOL_SHAPE_NONE ? FIGURE : OTHER;
}

static bool goes_over(const struct edges *a, const struct edges *b)
{
    const enum edge before = a->last, after = b->first;

    if (!a->whole || !b->whole)
        return false;
    return before == SIGN || after == SIGN || (before == FIGURE && after == FIGURE);
}

static bool is_whole(const struct kol_readable_memory *m, const struct kol_segment *s)
{
    const char *words = kol_readable_join(m->scratch, s->words, s->word_count);

    return words && *words && strcmp(words, s->text) == 0;
}

static bool find_edges(const struct kol_readable_memory *m, const struct kol_segment *segments,
                       size_t count, struct edges *ret)
{
    for (size_t i = 0; i < count; i++) {
        struct kol_said_talk said;
        const struct kol_redact_turn turn = {.text = segments[i].text};
        if (!kol_said_build(m->scratch, &turn, 1, &said))
            return false;
        if (said.count > 0 && !segments[i].dropped_reason && is_whole(m, &segments[i]))
            ret[i] =
                (struct edges){true, edge_of(&said.words[0]), edge_of(&said.words[said.count - 1])};
        kol_arena_reset(m->scratch);
    }
    return true;
}

/* The segments of this speaker that may go on with the number at the end of segments[i]. */
static void follow(const struct kol_segment *segments, const struct edges *edges, size_t count,
                   size_t i, struct chain *ret)
{
    size_t last = i;

    *ret = (struct chain){.segments = {i}, .count = 1};
    for (size_t k = i + 1; k < count && ret->count < CHAIN_MOST; k++) {
        if (segments[k].start_ms - segments[last].end_ms > PAUSE_MOST_MS)
            return;
        if (segments[k].channel != segments[last].channel || segments[k].dropped_reason ||
            !*segments[k].text)
            continue;
        if (!goes_over(&edges[last], &edges[k]))
            return;
        ret->segments[ret->count++] = last = k;
    }
}

/* All words of the chain; owner[n] is which of its segments word n is of. */
static struct kol_word *gather(const struct kol_readable_memory *m,
                               const struct kol_segment *segments, const struct chain *chain,
                               size_t **ret_owner, size_t *ret_count)
{
    size_t n = 0;

    for (size_t i = 0; i < chain->count; i++)
        n += segments[chain->segments[i]].word_count;
    struct kol_word *words = kol_arena_array(m->scratch, n + 1, sizeof *words);
    size_t *owner = kol_arena_array(m->scratch, n + 1, sizeof *owner);
    *ret_owner = owner;
    *ret_count = n;
    if (!words || !owner)
        return NULL;
    n = 0;
    for (size_t i = 0; i < chain->count; i++)
        for (size_t k = 0; k < segments[chain->segments[i]].word_count; k++) {
            owner[n] = i;
            words[n++] = segments[chain->segments[i]].words[k];
        }
    return words;
}

/* The words list[0, count) are all that is left of a segment. */
static bool refill(const struct kol_readable_line *l, const struct kol_readable_word *list,
                   size_t count, struct kol_segment *s)
{
    struct kol_word *words = kol_arena_array(l->m.keep, count + 1, sizeof *words);

    if (!words)
        return false;
    for (size_t i = 0; i < count; i++)
        words[i] = list[i].word;
    s->words = words;
    s->word_count = count;
    s->text = kol_readable_join(l->m.keep, words, count);
    if (!s->text || count == 0)
        return s->text != NULL;
    const char *heard =
        kol_arena_strn(l->m.keep, l->text + list[0].from, list[count - 1].to - list[0].from);
    s->start_ms = words[0].start_ms;
    s->end_ms = words[count - 1].end_ms;
    if (heard && strcmp(heard, s->text) != 0)
        s->heard = heard;
    return heard != NULL;
}

static bool join(const struct kol_readable_memory *m, struct kol_segment *segments,
                 const struct chain *chain, bool hebrew)
{
    size_t *owner, count, left;
    struct kol_word *words = gather(m, segments, chain, &owner, &count);
    const char *text = words ? kol_readable_join(m->scratch, words, count) : NULL;
    struct kol_readable_line line;
    bool crosses = false;

    if (!text || !kol_readable_find(m, text, hebrew, &line))
        return false;
    const struct kol_readable_word *list = kol_readable_merge(&line, words, count, &left);
    if (!list)
        return false;
    for (size_t i = 0; i < left; i++)
        crosses |= owner[list[i].first] != owner[list[i].end - 1];
    for (size_t i = 0, at = 0; crosses && i < chain->count; i++) {
        size_t end = at;
        while (end < left && owner[list[end].first] == i)
            end++;
        if (!refill(&line, list + at, end - at, &segments[chain->segments[i]]))
            return false;
        at = end;
    }
    return true;
}

bool kol_readable_over_pauses(const struct kol_readable_memory *m, struct kol_segment *segments,
                              size_t count, bool hebrew)
{
    struct edges *edges = kol_arena_array(m->keep, count + 1, sizeof *edges);
    struct chain chain;

    if (!edges || !find_edges(m, segments, count, edges))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (segments[i].dropped_reason || !*segments[i].text)
            continue;
        follow(segments, edges, count, i, &chain);
        if (chain.count > 1 && !join(m, segments, &chain, hebrew))
            return false;
        kol_arena_reset(m->scratch);
    }
    return !kol_arena_failed(m->keep);
}
