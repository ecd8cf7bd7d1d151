/*
 * index.h - strings to lists of numbers, filled once and then only read.
 *
 * Keys are the lexicon's own words, so a plain hash is safe: a caller's words are only looked up.
 */
#ifndef KOL_UNDERSTAND_INDEX_H
#define KOL_UNDERSTAND_INDEX_H

#include "base/arena.h"
#include <stdint.h>

struct kol_index_entry {
    const char *key; /* borrowed */
    uint32_t value;
    uint32_t next; /* entry number + 1 of the next one in this bucket */
};

struct kol_index {
    struct kol_index_entry *entries;
    uint32_t *buckets; /* entry number + 1 */
    uint32_t count, cap, mask;
};

/* Room for cap pairs. */
bool kol_index_init(struct kol_index *x, struct kol_arena *a, size_t cap) KOL_MUST_CHECK;
/* Adds a pair; a pair that is there already is not added twice. False when full. */
bool kol_index_add(struct kol_index *x, const char *key, uint32_t value) KOL_MUST_CHECK;
/*
 * The values of a key (len bytes), one per call; *cursor starts at 0. False when there is no more.
 * Later additions come first.
 */
bool kol_index_next(const struct kol_index *x, const char *key, size_t len, uint32_t *cursor,
                    uint32_t *ret);

#endif
