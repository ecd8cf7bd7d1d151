/*
 * toml.h - reads the part of TOML that a settings file needs.
 *
 * Known: comments, bare, quoted and dotted keys, [tables], strings of all four kinds, integers,
 * floats, booleans, arrays. Refused with a word on what to write instead: [[arrays of tables]],
 * {inline tables}, dates. Used by: conf.c. Threading: pure functions.
 * Source: TOML v1.0.0.
 */
#ifndef KOL_CONF_TOML_H
#define KOL_CONF_TOML_H

#include "base/arena.h"
#include "base/err.h"
#include <stdint.h>

enum kol_toml_type { KOL_TOML_STRING, KOL_TOML_INT, KOL_TOML_FLOAT, KOL_TOML_BOOL, KOL_TOML_ARRAY };

struct kol_toml_value {
    enum kol_toml_type type;
    int line;
    const char *string; /* UTF-8 without NUL */
    int64_t integer;
    double real;
    bool boolean;
    const struct kol_toml_value *items; /* of an array, borrowed like all here from the arena */
    size_t count;
};

struct kol_toml_entry {
    const char *key; /* tables are flattened: "table.key" */
    struct kol_toml_value value;
};

struct kol_toml {
    const struct kol_toml_entry *entries; /* in the order of the file */
    size_t count;
};

/*
 *   file   its name, for messages: "kol.toml:3: ..."
 * Errors: BAD_CONFIG, with file, line and what to do; NO_MEMORY.
 */
enum kol_code kol_toml_parse(struct kol_arena *a, const char *file, const char *text, size_t len,
                             struct kol_toml *ret, struct kol_err *err) KOL_MUST_CHECK;

#endif
