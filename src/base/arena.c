/*
 * arena.c - see arena.h. A chain of blocks, each twice the one before up to a limit; the newest one
 * serves small requests, a large one gets a block of its own.
 */
#include "base/arena.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, FIRST_BLOCK = 4096, LARGEST_STEP = 1 << 20 };
static const size_t default_limit = (size_t)256 << 20;

struct block {
    struct block *older;
    size_t size; /* of data */
    size_t used;
    _Alignas(ALIGN) unsigned char data[];
};

struct kol_arena {
    struct block *newest;
    size_t limit_bytes;
    size_t taken_bytes; /* handed out, with padding */
    bool failed;
};

static struct block *block_new(size_t size)
{
    struct block *b = malloc(sizeof *b + size);
    if (b)
        *b = (struct block){.size = size};
    return b;
}

struct kol_arena *kol_arena_new(size_t limit_bytes)
{
    struct kol_arena *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;

    a->limit_bytes = limit_bytes ? limit_bytes : default_limit;
    a->newest = block_new(FIRST_BLOCK);
    if (!a->newest) {
        free(a);
        return NULL;
    }
    return a;
}

static void free_blocks(struct block *b)
{
    while (b) {
        struct block *older = b->older;
        free(b);
        b = older;
    }
}

void kol_arena_free(struct kol_arena *a)
{
    if (!a)
        return;
    free_blocks(a->newest);
    free(a);
}

void kol_arena_reset(struct kol_arena *a)
{
    struct block *keep = a->newest;

    free_blocks(keep->older);
    keep->older = NULL;
    keep->used = 0;
    a->taken_bytes = 0;
    a->failed = false;
}

bool kol_arena_failed(const struct kol_arena *a)
{
    return a->failed;
}

static struct block *block_with_room(struct kol_arena *a, size_t size)
{
    if (a->newest->size - a->newest->used >= size)
        return a->newest;

    size_t step = a->newest->size < LARGEST_STEP ? a->newest->size * 2 : LARGEST_STEP;
    struct block *b = block_new(size > step ? size : step);
    if (!b)
        return NULL;
    b->older = a->newest;
    a->newest = b;
    return b;
}

void *kol_arena_alloc(struct kol_arena *a, size_t size)
{
    size_t padded = 0;
    size_t taken = 0;

    if (a->failed)
        return NULL;
    if (size == 0)
        size = 1; /* every pointer is one of its own */

    struct block *b = NULL;
    if (!__builtin_add_overflow(size, ALIGN - 1, &padded)) {
        padded &= ~(size_t)(ALIGN - 1);
        if (!__builtin_add_overflow(a->taken_bytes, padded, &taken) && taken <= a->limit_bytes)
            b = block_with_room(a, padded);
    }
    if (!b) {
        a->failed = true;
        return NULL;
    }

    void *p = b->data + b->used;
    b->used += padded;
    a->taken_bytes = taken;
    return memset(p, 0, padded);
}

void *kol_arena_array(struct kol_arena *a, size_t count, size_t size)
{
    size_t bytes = 0;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        a->failed = true;
        return NULL;
    }
    return kol_arena_alloc(a, bytes);
}

char *kol_arena_strn(struct kol_arena *a, const char *s, size_t len)
{
    if (!s)
        return NULL;
    if (len == SIZE_MAX) {
        a->failed = true;
        return NULL;
    }
    char *copy = kol_arena_alloc(a, len + 1);
    if (copy)
        memcpy(copy, s, len);
    return copy;
}

char *kol_arena_str(struct kol_arena *a, const char *s)
{
    return s ? kol_arena_strn(a, s, strlen(s)) : NULL;
}

char *kol_arena_vfmt(struct kol_arena *a, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0) {
        a->failed = true;
        return NULL;
    }

    char *text = kol_arena_alloc(a, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, fmt, args);
    return text;
}

char *kol_arena_fmt(struct kol_arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = kol_arena_vfmt(a, fmt, args);
    va_end(args);
    return text;
}

size_t kol_arena_split(struct kol_arena *a, const char *text, const char **list, size_t max)
{
    static const char blanks[] = " \t\r\n";
    size_t n = 0;

    while (text && *text && n < max) {
        const size_t len = strcspn(text, ",");
        const size_t lead = strspn(text, blanks) < len ? strspn(text, blanks) : len;
        size_t end = len;

        while (end > lead && strchr(blanks, text[end - 1]))
            end--;
        if (end > lead)
            list[n++] = kol_arena_strn(a, text + lead, end - lead);
        text += len + (text[len] == ',');
    }
    return kol_arena_failed(a) ? 0 : n;
}
