/*
 * arena.h - memory that lives as long as one request or one job.
 *
 * "Arena first in the prototype" means: what is returned lives as long as that arena. What must
 * outlive it is copied. Running out of the limit or of memory is sticky: further calls return
 * NULL, kol_arena_failed() tells at the end.
 * Threading: one arena belongs to one thread at a time.
 */
#ifndef KOL_BASE_ARENA_H
#define KOL_BASE_ARENA_H

#include "base/err.h"
#include <stdarg.h>
#include <stddef.h>

struct kol_arena; /* opaque */

/* limit_bytes: most that it may ever give, 0 means 256 MiB. NULL when out of memory. */
struct kol_arena *kol_arena_new(size_t limit_bytes);
void kol_arena_free(struct kol_arena *a);  /* NULL is fine */
void kol_arena_reset(struct kol_arena *a); /* forgets all, keeps a block for reuse */
bool kol_arena_failed(const struct kol_arena *a);

/* Zeroed, aligned to 16; array: overflow-checked. */
void *kol_arena_alloc(struct kol_arena *a, size_t size) KOL_MUST_CHECK;
void *kol_arena_array(struct kol_arena *a, size_t count, size_t size) KOL_MUST_CHECK;
char *kol_arena_str(struct kol_arena *a, const char *s); /* NULL stays NULL */
char *kol_arena_strn(struct kol_arena *a, const char *s, size_t len);
/*
 * Splits "a, b,c" at commas: items without blanks around them, empty ones left out, at most max.
 * Returns how many; text NULL has none.
 */
size_t kol_arena_split(struct kol_arena *a, const char *text, const char **list, size_t max);
char *kol_arena_fmt(struct kol_arena *a, const char *fmt, ...) KOL_PRINTF(2, 3);
char *kol_arena_vfmt(struct kol_arena *a, const char *fmt, va_list args) KOL_PRINTF(2, 0);

static inline void kol_arena_cleanup(struct kol_arena **a)
{
    kol_arena_free(*a);
}
#define KOL_ARENA __attribute__((cleanup(kol_arena_cleanup))) struct kol_arena *

#endif
