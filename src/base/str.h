/*
 * str.h - a growing byte string with a stated maximum and a sticky failure.
 *
 * Append freely, check kol_str_failed() once at the end. Always NUL-terminated; may hold NULs.
 */
#ifndef KOL_BASE_STR_H
#define KOL_BASE_STR_H

#include "base/err.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct kol_str {
    char *data; /* never NULL after init: an empty string stands in */
    size_t len;
    size_t cap;
    size_t max_bytes; /* longest content allowed */
    bool failed;      /* the maximum was passed or memory ran out; content stays as it was */
};

void kol_str_init(struct kol_str *s, size_t max_bytes);
void kol_str_done(struct kol_str *s);
void kol_str_clear(struct kol_str *s); /* empty again, failure forgotten, memory kept */
bool kol_str_failed(const struct kol_str *s);
void kol_str_add(struct kol_str *s, const char *text);
void kol_str_add_bytes(struct kol_str *s, const void *bytes, size_t len);
void kol_str_add_char(struct kol_str *s, char c);
void kol_str_add_fmt(struct kol_str *s, const char *fmt, ...) KOL_PRINTF(2, 3);
/* Hands over the buffer, which the caller frees; s is empty after. NULL when failed. */
char *kol_str_take(struct kol_str *s);
#define KOL_STR __attribute__((cleanup(kol_str_done))) struct kol_str

/* Small helpers on C strings. */
bool kol_streq(const char *a, const char *b); /* NULLs are equal to each other only */
bool kol_starts_with(const char *s, const char *prefix);
bool kol_ends_with(const char *s, const char *suffix);
static inline bool kol_str_empty(const char *s) /* NULL or ""; here, so that clang-tidy sees it */
{
    return !s || !*s;
}

/* The whole string, base 10, an optional sign; false when it is no number or too large. */
bool kol_parse_i64(const char *s, int64_t *ret);

/* UTF-8, strict as in RFC 3629. */
size_t kol_utf8_step(const char *s, size_t len); /* bytes of the first code point; 0: invalid */
size_t kol_utf8_count(const char *s);            /* code points; invalid bytes count as one each */
bool kol_utf8_valid(const char *s, size_t len);
/* The longest length <= max_bytes that cuts no code point; s is NUL-terminated. */
size_t kol_utf8_clip(const char *s, size_t max_bytes);

#endif
