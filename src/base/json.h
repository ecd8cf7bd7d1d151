/*
 * json.h - jansson with our error idiom, and null-safe getters.
 *
 * Ownership: json_t locals use KOL_JSON (json_decref at scope end).
 */
#ifndef KOL_BASE_JSON_H
#define KOL_BASE_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include <jansson.h>
#include <stdint.h>

static inline void kol_json_cleanup(json_t **j)
{
    json_decref(*j);
}
#define KOL_JSON __attribute__((cleanup(kol_json_cleanup))) json_t *

/* Strict parse: one value, no duplicates, depth-limited by jansson. Errors: BAD_INPUT with line. */
enum kol_code kol_json_parse(const char *text, size_t len, json_t **ret,
                             struct kol_err *err) KOL_MUST_CHECK;
/* Compact text in the arena; NULL when out of memory. */
char *kol_json_text(struct kol_arena *a, const json_t *j);
/* NULL when absent or of another type. */
const char *kol_json_get_str(const json_t *object, const char *key);
int64_t kol_json_get_int(const json_t *object, const char *key, int64_t missing);
bool kol_json_get_bool(const json_t *object, const char *key, bool missing);
/* Sets a string, JSON null for NULL; invalid UTF-8 is replaced by U+FFFD. */
void kol_json_set_str(json_t *object, const char *key, const char *value);
void kol_json_set_int(json_t *object, const char *key, int64_t value);
void kol_json_set(json_t *object, const char *key, json_t *value); /* steals value */

#endif
