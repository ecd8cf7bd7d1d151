/* urlencoded.c - the raw half of params.h: split, decode, look up. */
#include "base/str.h"
#include "twilio/params.h"
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes [from, end) into the arena; never longer than the source. NULL when memory ends. */
static char *decode(struct kol_arena *a, const char *from, const char *end, size_t *ret_len)
{
    char *to = kol_arena_alloc(a, (size_t)(end - from) + 1);
    size_t n = 0;

    if (!to)
        return NULL;
    while (from < end) {
        int high = *from == '%' && end - from > 2 ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;

        if (low >= 0) {
            to[n++] = (char)(high << 4 | low);
            from += 3;
        } else {
            to[n++] = *from == '+' ? ' ' : *from;
            from++;
        }
    }
    *ret_len = n;
    return to;
}

static bool holds_nul(const char *s, size_t len)
{
    return len && memchr(s, '\0', len);
}

static bool add_pair(struct kol_arena *a, const char *from, const char *end, struct kol_params *p)
{
    const char *equals = memchr(from, '=', (size_t)(end - from));
    const char *name_end = equals ? equals : end;
    struct kol_param *item = &p->items[p->count];

    item->name = decode(a, from, name_end, &item->name_len);
    item->value = decode(a, equals ? equals + 1 : end, end, &item->value_len);
    if (!item->name || !item->value)
        return false;
    p->has_nul |= holds_nul(item->name, item->name_len) || holds_nul(item->value, item->value_len);
    p->count++;
    return true;
}

static size_t count_pairs(const char *text, size_t len)
{
    size_t count = 1;

    for (size_t i = 0; i < len; i++)
        count += text[i] == '&';
    return count;
}

enum kol_code kol_params_parse(struct kol_arena *a, const void *text, size_t len,
                               struct kol_params *ret, struct kol_err *err)
{
    if (len > KOL_PARAMS_MAX_BYTES)
        return kol_fail(err, KOL_TOO_LARGE, "parameters are longer than %d bytes",
                        KOL_PARAMS_MAX_BYTES);
    size_t most = count_pairs(text, len);
    if (most > KOL_PARAMS_MAX)
        return kol_fail(err, KOL_TOO_LARGE, "more than %d parameters", KOL_PARAMS_MAX);

    struct kol_params p = {.items = kol_arena_array(a, most, sizeof *p.items)};
    if (!p.items)
        return kol_fail(err, KOL_NO_MEMORY, "read parameters: out of memory");
    const char *end = len ? (const char *)text + len : NULL;
    for (const char *from = len ? text : NULL; from < end;) {
        const char *next = memchr(from, '&', (size_t)(end - from));
        if (!next)
            next = end;
        if (next > from && !add_pair(a, from, next, &p)) /* "&&" has nothing between */
            return kol_fail(err, KOL_NO_MEMORY, "read parameters: out of memory");
        from = next < end ? next + 1 : end;
    }
    *ret = p;
    return KOL_OK;
}

const char *kol_params_get(const struct kol_params *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (kol_streq(p->items[i].name, name))
            return p->items[i].value;
    return NULL;
}

json_t *kol_params_json(const struct kol_params *p)
{
    json_t *object = json_object();

    for (size_t i = 0; i < p->count; i++) {
        const char *name = p->items[i].name;
        bool usable = kol_utf8_valid(name, p->items[i].name_len) && !json_object_get(object, name);
        if (usable)
            kol_json_set_str(object, name, p->items[i].value);
    }
    return object;
}
