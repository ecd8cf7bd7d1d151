/*
 * index.c - a chained hash table in an arena.
 */
#include "understand/index.h"
#include <string.h>

static uint32_t hash(const char *key, size_t len)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)key[i]) * 16777619u;
    return h ^ h >> 15;
}

bool kol_index_init(struct kol_index *x, struct kol_arena *a, size_t cap)
{
    uint32_t size = 16;
    while (size < cap * 2)
        size *= 2;
    *x = (struct kol_index){.cap = (uint32_t)cap, .mask = size - 1};
    x->entries = kol_arena_array(a, cap ? cap : 1, sizeof *x->entries);
    x->buckets = kol_arena_array(a, size, sizeof *x->buckets);
    return x->entries && x->buckets;
}

bool kol_index_add(struct kol_index *x, const char *key, uint32_t value)
{
    size_t len = strlen(key);
    uint32_t cursor = 0, there;
    while (kol_index_next(x, key, len, &cursor, &there))
        if (there == value)
            return true;
    if (x->count == x->cap)
        return false;
    uint32_t *bucket = &x->buckets[hash(key, len) & x->mask];
    x->entries[x->count] = (struct kol_index_entry){.key = key, .value = value, .next = *bucket};
    *bucket = ++x->count;
    return true;
}

bool kol_index_next(const struct kol_index *x, const char *key, size_t len, uint32_t *cursor,
                    uint32_t *ret)
{
    uint32_t at = *cursor ? x->entries[*cursor - 1].next : x->buckets[hash(key, len) & x->mask];
    for (; at; at = x->entries[at - 1].next) {
        const struct kol_index_entry *e = &x->entries[at - 1];
        if (strncmp(e->key, key, len) == 0 && e->key[len] == 0) {
            *cursor = at;
            *ret = e->value;
            return true;
        }
    }
    return false;
}
