/*
 * setting.h - the table as data, and one value of it. Private to this folder.
 */
#ifndef KOL_CONF_SETTING_H
#define KOL_CONF_SETTING_H

#include "conf/conf.h"
#include "conf/toml.h"

enum kol_setting_type {
    KOL_SET_BOOL,
    KOL_SET_INT,
    KOL_SET_SECONDS,
    KOL_SET_BYTES,
    KOL_SET_TEXT,
    KOL_SET_PATH,
    KOL_SET_SECRET,
    KOL_SET_CHOICE,
    KOL_SET_LIST
};

struct kol_setting {
    enum kol_setting_type type;
    const char *name;
    size_t offset; /* in struct kol_conf */
    const char *fallback;
    int64_t least, most;
    bool reload;
    const char *choices; /* "text|json", of a CHOICE */
    const char *help;
};

#define X(...) +1
#define G(title)
enum { KOL_SETTING_COUNT = 0 KOL_SETTINGS(X, G) };
#undef X
#undef G

extern const struct kol_setting kol_settings[KOL_SETTING_COUNT];

/* NULL when there is none; dots and dashes in name stand for underscores. */
const struct kol_setting *kol_setting_find(const char *name);
/* The known name that is most like it, or NULL when none is like it at all. */
const char *kol_setting_nearest(const char *name);

/* Where a value comes from, for messages ("kol.toml:3"), and where its relative paths start. */
struct kol_origin {
    const char *where;
    const char *folder; /* NULL: the current one */
};

/* Set one field of conf. Errors: BAD_CONFIG with where, name and limit; NO_MEMORY. */
enum kol_code kol_setting_from_text(struct kol_arena *a, const struct kol_setting *s,
                                    const char *text, struct kol_origin origin,
                                    struct kol_conf *conf, struct kol_err *err);
enum kol_code kol_setting_from_toml(struct kol_arena *a, const struct kol_setting *s,
                                    const struct kol_toml_value *v, struct kol_origin origin,
                                    struct kol_conf *conf, struct kol_err *err);
/* Sets a SECRET from the first line of a file. warn (in the arena) is set when others may read it.
 */
enum kol_code kol_setting_from_secret_file(struct kol_arena *a, const struct kol_setting *s,
                                           const char *path, struct kol_origin origin,
                                           struct kol_conf *conf, const char **warn,
                                           struct kol_err *err);

/* path made absolute: it starts at folder, or at the current one. NULL: out of memory. */
const char *kol_conf_absolute(struct kol_arena *a, const char *folder, const char *path);

/* check.c: what ties settings together, and the fields that follow from them. */
enum kol_code kol_conf_check(struct kol_arena *a, struct kol_conf *conf,
                             const char *const where[KOL_SETTING_COUNT], struct kol_err *err);

#endif
