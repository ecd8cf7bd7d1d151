/*
 * lexicon.c - loads taxonomy, gazetteer and first names.
 */
#include "understand/learned.h"
#include <stdlib.h>
#include <string.h>

#define ARENA_LIMIT (64u * 1024 * 1024)

static struct kol_source builtin(const char *name, const char *from, const char *end)
{
    return (struct kol_source){.name = name, .text = from, .len = (size_t)(end - from)};
}

static enum kol_code no_memory(struct kol_err *err)
{
    return kol_fail(err, KOL_NO_MEMORY, "lexicon: out of memory");
}

/* A word per space, lines with # are comments. */
static enum kol_code read_names(struct kol_arena *a, struct kol_index *ret, struct kol_err *err)
{
    char *text = kol_arena_strn(a, kol_data_names, (size_t)(kol_data_names_end - kol_data_names));
    if (!text || !kol_index_init(ret, a, strlen(text) / 2))
        return no_memory(err);
    for (char *line; (line = strsep(&text, "\n"));) {
        for (char *name; *line != '#' && (name = strsep(&line, " "));) {
            char *folded = kol_fold(a, name, strlen(name));
            if (!folded || (*folded && !kol_index_add(ret, folded, 1)))
                return no_memory(err);
            if (!line)
                break;
        }
    }
    return KOL_OK;
}

static enum kol_code read_places_and_names(struct kol_lexicon *l, struct kol_err *err)
{
    struct kol_gazetteer *places = kol_arena_alloc(l->arena, sizeof *places);
    struct kol_index *names = kol_arena_alloc(l->arena, sizeof *names);
    if (!places || !names)
        return no_memory(err);
    struct kol_source source = builtin("places.tsv", kol_data_places, kol_data_places_end);
    enum kol_code code = kol_gazetteer_read(l->arena, &source, places, err);
    if (code != KOL_OK)
        return code;
    l->places = places;
    l->first_names = names;
    return read_names(l->arena, names, err);
}

static enum kol_code read_learned(struct kol_lexicon *l, struct kol_err *err)
{
    struct kol_learned *learned = kol_arena_alloc(l->arena, sizeof *learned);
    struct kol_source source = builtin("learned.bin", kol_data_learned, kol_data_learned_end);
    if (!learned)
        return no_memory(err);
    l->learned = learned;
    return kol_learned_read(l->arena, &source, &l->taxonomy, learned, err);
}

/* An empty lexicon that lives in an arena of its own. */
static struct kol_lexicon *lexicon_new(void)
{
    struct kol_arena *arena = kol_arena_new(ARENA_LIMIT);
    struct kol_lexicon *l = arena ? kol_arena_alloc(arena, sizeof *l) : NULL;
    if (l)
        l->arena = arena;
    else
        kol_arena_free(arena);
    return l;
}

enum kol_code kol_lexicon_load(struct kol_lexicon **ret, struct kol_err *err)
{
    struct kol_lexicon *l = lexicon_new();
    if (!l)
        return no_memory(err);
    struct kol_source source = builtin("services.txt", kol_data_services, kol_data_services_end);
    enum kol_code code = kol_taxonomy_read(l->arena, &source, 1, &l->taxonomy, err);
    if (code == KOL_OK)
        code = read_places_and_names(l, err);
    if (code == KOL_OK)
        code = read_learned(l, err);
    if (code != KOL_OK) {
        kol_lexicon_free(l);
        return code;
    }
    *ret = l;
    return KOL_OK;
}

enum kol_code kol_lexicon_for_business(const struct kol_lexicon *base, const char *name,
                                       const char *text, size_t len, struct kol_lexicon **ret,
                                       struct kol_err *err)
{
    struct kol_lexicon *l = lexicon_new();
    if (!l)
        return no_memory(err);
    struct kol_source sources[] = {
        builtin("services.txt", kol_data_services, kol_data_services_end),
        {.name = name, .text = text, .len = len},
    };
    /* Most businesses just say which trades are theirs: that needs no reading of everything again.
     */
    enum kol_code code =
        kol_taxonomy_only_restricts(&sources[1])
            ? kol_taxonomy_restrict(l->arena, &base->taxonomy, &sources[1], &l->taxonomy, err)
            : kol_taxonomy_read(l->arena, sources, 2, &l->taxonomy, err);
    if (code != KOL_OK) {
        kol_lexicon_free(l);
        return code;
    }
    l->places = base->places;
    l->first_names = base->first_names;
    l->learned =
        base->learned; /* a business's file comes after ours: services keep their numbers */
    *ret = l;
    return KOL_OK;
}

void kol_lexicon_free(struct kol_lexicon *lexicon)
{
    if (lexicon)
        kol_arena_free(lexicon->arena); /* it lives in there itself */
}

bool kol_is_first_name(const struct kol_lexicon *lexicon, const char *folded)
{
    uint32_t cursor = 0, value;
    return kol_index_next(lexicon->first_names, folded, strlen(folded), &cursor, &value);
}
