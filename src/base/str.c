/* str.c - see str.h. */
#include "base/str.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char nothing[1] = ""; /* stands in for an empty string; never written */

void kol_str_init(struct kol_str *s, size_t max_bytes)
{
    *s = (struct kol_str){.data = nothing, .max_bytes = max_bytes};
}

void kol_str_done(struct kol_str *s)
{
    if (s->data != nothing)
        free(s->data);
    kol_str_init(s, s->max_bytes);
}

void kol_str_clear(struct kol_str *s)
{
    s->len = 0;
    s->failed = false;
    if (s->cap)
        s->data[0] = '\0';
}

bool kol_str_failed(const struct kol_str *s)
{
    return s->failed;
}

/* Makes room for more bytes and a NUL. cap stays 0 as long as data is the shared empty string. */
static bool reserve(struct kol_str *s, size_t more)
{
    if (s->failed || more > s->max_bytes - s->len) {
        s->failed = true;
        return false;
    }
    size_t need = s->len + more + 1;
    if (need <= s->cap)
        return true;

    size_t cap = s->cap < 32 ? 64 : s->cap * 2;
    if (cap > s->max_bytes + 1)
        cap = s->max_bytes + 1;
    if (cap < need)
        cap = need;
    char *data = realloc(s->cap ? s->data : NULL, cap);
    if (!data) {
        s->failed = true;
        return false;
    }
    s->data = data;
    s->cap = cap;
    return true;
}

void kol_str_add_bytes(struct kol_str *s, const void *bytes, size_t len)
{
    if (!reserve(s, len))
        return;
    if (len)
        memcpy(s->data + s->len, bytes, len);
    s->len += len;
    s->data[s->len] = '\0';
}

void kol_str_add(struct kol_str *s, const char *text)
{
    kol_str_add_bytes(s, text, strlen(text));
}

void kol_str_add_char(struct kol_str *s, char c)
{
    kol_str_add_bytes(s, &c, 1);
}

void kol_str_add_fmt(struct kol_str *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0) {
        s->failed = true;
        return;
    }
    if (!reserve(s, (size_t)len))
        return;

    va_start(args, fmt);
    vsnprintf(s->data + s->len, (size_t)len + 1, fmt, args);
    va_end(args);
    s->len += (size_t)len;
}

char *kol_str_take(struct kol_str *s)
{
    char *taken = NULL;

    if (s->failed)
        kol_str_done(s);
    else if (!s->cap)
        taken = calloc(1, 1);
    else
        taken = s->data;
    kol_str_init(s, s->max_bytes);
    return taken;
}

bool kol_streq(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

bool kol_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool kol_ends_with(const char *s, const char *suffix)
{
    size_t len = strlen(s);
    size_t tail = strlen(suffix);
    return len >= tail && memcmp(s + len - tail, suffix, tail) == 0;
}

bool kol_parse_i64(const char *s, int64_t *ret)
{
    if (kol_str_empty(s))
        return false;
    const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
    if (*digits < '0' || *digits > '9') /* strtoll would skip white space */
        return false;

    char *end = NULL;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (errno || *end)
        return false;
    *ret = v;
    return true;
}

static bool continues(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Source: RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t kol_utf8_step(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;

    if (len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (len < 2 || p[0] < 0xc2 || p[0] > 0xf4 || !continues(p[1]))
        return 0;
    if (p[0] < 0xe0)
        return 2;

    if (len < 3 || !continues(p[2]))
        return 0;
    if (p[0] < 0xf0) {
        bool overlong = p[0] == 0xe0 && p[1] < 0xa0;
        bool surrogate = p[0] == 0xed && p[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }

    bool overlong = p[0] == 0xf0 && p[1] < 0x90;
    bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
    return len < 4 || !continues(p[3]) || overlong || beyond ? 0 : 4;
}

size_t kol_utf8_count(const char *s)
{
    size_t count = 0;

    for (size_t left = strlen(s); left; count++) {
        size_t step = kol_utf8_step(s, left);
        if (step == 0)
            step = 1;
        s += step;
        left -= step;
    }
    return count;
}

bool kol_utf8_valid(const char *s, size_t len)
{
    while (len) {
        size_t step = kol_utf8_step(s, len);
        if (step == 0)
            return false;
        s += step;
        len -= step;
    }
    return true;
}

size_t kol_utf8_clip(const char *s, size_t max_bytes)
{
    size_t len = strnlen(s, max_bytes);
    size_t start = len;

    if (!continues((unsigned char)s[len]))
        return len; /* the end, or the start of the next character */
    while (start > 0 && len - start < 3 && continues((unsigned char)s[start - 1]))
        start--;
    if (start > 0 && kol_utf8_step(s + start - 1, strnlen(s + start - 1, 4)) > len - start + 1)
        return start - 1;
    return len;
}
