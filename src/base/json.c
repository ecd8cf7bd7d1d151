/* json.c - see json.h. */
#include "base/json.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

enum kol_code kol_json_parse(const char *text, size_t len, json_t **ret, struct kol_err *err)
{
    json_error_t e;
    json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (!j) {
        /* jansson quotes the text it stumbled over, which may be somebody's words. */
        size_t known = strcspn(e.text, "'");
        const char *near = strstr(e.text, " near ");
        if (near && (size_t)(near - e.text) < known)
            known = (size_t)(near - e.text);
        while (known && e.text[known - 1] == ' ')
            known--;
        if (json_error_code(&e) == json_error_out_of_memory)
            return kol_fail(err, KOL_NO_MEMORY, "json: out of memory");
        return kol_fail(err, KOL_BAD_INPUT, "json: line %d, column %d: %.*s", e.line, e.column,
                        (int)known, e.text);
    }
    *ret = j;
    return KOL_OK;
}

char *kol_json_text(struct kol_arena *a, const json_t *j)
{
    /* 15 digits hold every value we print (0.95, not 0.94999999999999996). */
    char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    char *copy = kol_arena_str(a, text);
    free(text);
    return copy;
}

const char *kol_json_get_str(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int64_t kol_json_get_int(const json_t *object, const char *key, int64_t missing)
{
    const json_t *v = json_object_get(object, key);
    return json_is_integer(v) ? json_integer_value(v) : missing;
}

bool kol_json_get_bool(const json_t *object, const char *key, bool missing)
{
    const json_t *v = json_object_get(object, key);
    return json_is_boolean(v) ? json_is_true(v) : missing;
}

/* A copy with U+FFFD in place of each byte that is not UTF-8; three bytes for one at worst. */
static char *repaired(const char *s)
{
    KOL_STR out;
    size_t left = strlen(s);

    kol_str_init(&out, left * 3);
    while (left) {
        size_t step = kol_utf8_step(s, left);
        if (step)
            kol_str_add_bytes(&out, s, step);
        else
            kol_str_add(&out, "\ufffd");
        s += step ? step : 1;
        left -= step ? step : 1;
    }
    return kol_str_take(&out);
}

void kol_json_set_str(json_t *object, const char *key, const char *value)
{
    if (!value) {
        kol_json_set(object, key, json_null());
        return;
    }
    json_t *j = json_string(value);
    if (!j) { /* not UTF-8 */
        char *good = repaired(value);
        j = good ? json_string(good) : NULL;
        free(good);
    }
    kol_json_set(object, key, j);
}

void kol_json_set_int(json_t *object, const char *key, int64_t value)
{
    kol_json_set(object, key, json_integer(value));
}

void kol_json_set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}
