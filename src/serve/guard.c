/* guard.c - see guard.h. */
#include "serve/guard.h"
#include <string.h>
#include <strings.h>

enum { TARGET_BYTES = 16 * 1024 };

static bool is_token(const char *s, size_t len)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr(marks, c)))
            return false;
    }
    return len > 0;
}

static bool is_name(const char *name, size_t len, const char *expected)
{
    return len == strlen(expected) && strncasecmp(name, expected, len) == 0;
}

static bool refuse(struct kol_guard *g, int status, const char *why)
{
    if (!g->refused) {
        g->refused = why;
        g->status = status;
    }
    return false;
}

/* Digits only: a sign, a list or a blank is read differently by different programs. */
static bool read_length(const char *value, size_t len, uint64_t *ret)
{
    uint64_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, value[i] - '0', &n))
            return false;
    }
    *ret = n;
    return len > 0;
}

static void note_length(struct kol_guard *g, const char *value, size_t len)
{
    if (++g->lengths > 1)
        refuse(g, 400, "more than one Content-Length");
    else if (!read_length(value, len, &g->length))
        refuse(g, 400, "Content-Length is not a number");
}

static void note_encoding(struct kol_guard *g, const char *value, size_t len)
{
    if (++g->encodings > 1)
        refuse(g, 400, "more than one Transfer-Encoding");
    else if (!is_name(value, len, "chunked"))
        refuse(g, 501, "the only Transfer-Encoding is chunked");
    else
        g->chunked = true;
}

static void note_host(struct kol_guard *g, const char *value, size_t len)
{
    if (++g->hosts > 1)
        refuse(g, 400, "more than one Host");
    for (size_t i = 0; i < len; i++)
        if (value[i] <= ' ' || value[i] > '~' || strchr("/\\@?#,\"<>", value[i]))
            refuse(g, 400, "Host is not a host");
}

void kol_guard_header(struct kol_guard *g, const char *name, size_t name_len, const char *value,
                      size_t value_len)
{
    if (!name || !is_token(name, name_len)) {
        refuse(g, 400, "a header's name is not a token");
        return;
    }
    if (!value)
        value_len = 0;
    for (size_t i = 0; i < value_len; i++)
        if ((unsigned char)value[i] < ' ' && value[i] != '\t')
            refuse(g, 400, "a header's value has control characters");

    if (is_name(name, name_len, "Content-Length"))
        note_length(g, value ? value : "", value_len);
    else if (is_name(name, name_len, "Transfer-Encoding"))
        note_encoding(g, value ? value : "", value_len);
    else if (is_name(name, name_len, "Host"))
        note_host(g, value ? value : "", value_len);
}

bool kol_guard_finish(struct kol_guard *g, bool http_1_1)
{
    if (g->lengths && g->encodings)
        refuse(g, 400, "both Content-Length and Transfer-Encoding");
    if (g->encodings && !http_1_1)
        refuse(g, 400, "Transfer-Encoding is of HTTP/1.1");
    if (http_1_1 && !g->hosts)
        refuse(g, 400, "no Host");
    return !g->refused;
}

bool kol_guard_target(const char *target)
{
    size_t len = strnlen(target, TARGET_BYTES + 1);

    if (target[0] != '/' || len > TARGET_BYTES)
        return false;
    for (size_t i = 0; i < len; i++)
        if (target[i] <= ' ' || target[i] > '~' || target[i] == '#')
            return false;
    return true;
}
