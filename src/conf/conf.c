/* conf.c - see conf.h: the three sources, in order of precedence. */
#include "conf/conf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "conf/setting.h"
#include "conf/toml.h"
#include <string.h>
#include <sys/stat.h>

enum { MAX_FILE = 1 << 20, MAX_WARNINGS = 32 };

/* Sources, weakest first. */
enum source { FALLBACK, FILE_TOML, ENVIRONMENT, FLAGS };

struct loader {
    struct kol_arena *a;
    struct kol_conf *conf;
    struct kol_err *err;
    const char *where[KOL_SETTING_COUNT]; /* each value came from */
    enum source source[KOL_SETTING_COUNT];
    const char *warnings[MAX_WARNINGS];
    size_t warning_count;
};

static void warn(struct loader *l, const char *text)
{
    if (text && l->warning_count < MAX_WARNINGS)
        l->warnings[l->warning_count++] = text;
}

/* "twilio_auth_token_file" -> the setting twilio_auth_token; NULL for all others. */
static const struct kol_setting *secret_of_file(struct kol_arena *a, const char *name)
{
    if (!kol_ends_with(name, "_file") && !kol_ends_with(name, "-file"))
        return NULL;
    const char *stem = kol_arena_strn(a, name, strlen(name) - strlen("_file"));
    const struct kol_setting *s = stem ? kol_setting_find(stem) : NULL;
    return s && s->type == KOL_SET_SECRET ? s : NULL;
}

bool kol_conf_knows(const char *name)
{
    KOL_ARENA a = kol_arena_new(0);

    return kol_setting_find(name) || (a && secret_of_file(a, name));
}

static enum kol_code fail_unknown(struct loader *l, const char *where, const char *name)
{
    const char *near = kol_setting_nearest(name);

    if (near)
        return kol_fail(l->err, KOL_BAD_CONFIG, "%s: there is no setting '%s'; did you mean %s?",
                        where, name, near);
    return kol_fail(l->err, KOL_BAD_CONFIG,
                    "%s: there is no setting '%s'; kol doctor --settings lists them", where, name);
}

/* One name may come twice from different sources, not from the same one. */
static enum kol_code claim(struct loader *l, const struct kol_setting *s, enum source source,
                           const char *where)
{
    size_t i = (size_t)(s - kol_settings);

    if (source != FLAGS && source != FALLBACK && l->source[i] == source)
        return kol_fail(l->err, KOL_BAD_CONFIG, "%s: %s is set already by %s; keep one of them",
                        where, s->name, l->where[i]);
    l->source[i] = source;
    l->where[i] = where;
    return KOL_OK;
}

static enum kol_code set_secret_file(struct loader *l, const struct kol_setting *s,
                                     const char *path, enum source source, struct kol_origin origin)
{
    const char *warning = NULL;

    enum kol_code code = claim(l, s, source, origin.where);
    if (code == KOL_OK)
        code = kol_setting_from_secret_file(l->a, s, path, origin, l->conf, &warning, l->err);
    warn(l, warning);
    return code;
}

/* ---- the file ---- */

static enum kol_code set_from_entry(struct loader *l, const struct kol_toml_entry *e,
                                    struct kol_origin origin)
{
    const struct kol_setting *s = kol_setting_find(e->key);
    const struct kol_setting *secret = s ? NULL : secret_of_file(l->a, e->key);

    if (secret && e->value.type == KOL_TOML_STRING)
        return set_secret_file(l, secret, e->value.string, FILE_TOML, origin);
    if (secret)
        return kol_fail(l->err, KOL_BAD_CONFIG, "%s: %s must be a path in quotes", origin.where,
                        e->key);
    if (!s)
        return fail_unknown(l, origin.where, e->key);
    enum kol_code code = claim(l, s, FILE_TOML, origin.where);
    if (code != KOL_OK)
        return code;
    return kol_setting_from_toml(l->a, s, &e->value, origin, l->conf, l->err);
}

static bool holds_secret(const struct loader *l)
{
    for (size_t i = 0; i < KOL_SETTING_COUNT; i++)
        if (kol_settings[i].type == KOL_SET_SECRET && l->source[i] == FILE_TOML)
            return true;
    return false;
}

static enum kol_code load_file(struct loader *l, const char *path)
{
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    size_t len = 0;
    struct kol_toml toml = {0};
    struct stat st;
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? kol_arena_strn(l->a, path, (size_t)(slash - path) + 1) : NULL;

    enum kol_code code = kol_file_read(path, MAX_FILE, &text, &len, l->err);
    if (code != KOL_OK) {
        l->err->code = code == KOL_NO_MEMORY ? code : KOL_BAD_CONFIG;
        return kol_err_prefix(l->err, "settings");
    }
    code = kol_toml_parse(l->a, path, text, len, &toml, l->err);
    for (size_t i = 0; code == KOL_OK && i < toml.count; i++) {
        const struct kol_toml_entry *e = &toml.entries[i];
        const char *where = kol_arena_fmt(l->a, "%s:%d", path, e->value.line);
        if (!where)
            return kol_fail(l->err, KOL_NO_MEMORY, "%s: out of memory", path);
        code = set_from_entry(l, e, (struct kol_origin){where, folder});
    }
    if (code == KOL_OK && holds_secret(l) && stat(path, &st) == 0 && (st.st_mode & S_IROTH))
        warn(l, kol_arena_fmt(l->a,
                              "%s holds secrets and can be read by every user of this "
                              "machine: chmod o-r %s",
                              path, path));
    return code;
}

/* ---- the environment ---- */

/* The name of a setting for "KOL_LISTEN=..."; NULL when the variable is none of ours. */
static const char *name_of_variable(struct kol_arena *a, const char *variable)
{
    static const char prefix[] = "KOL_";
    const char *end = strchr(variable, '=');

    if (!kol_starts_with(variable, prefix) || !end)
        return NULL;
    char *name =
        kol_arena_strn(a, variable + strlen(prefix), (size_t)(end - variable) - strlen(prefix));
    for (char *p = name; p && *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return name;
}

/* Other programs have KOL_ variables too (the tests of this one do): unknown ones are no error. */
static enum kol_code load_environment(struct loader *l)
{
    enum kol_code code = KOL_OK;

    for (char **v = environ; *v && code == KOL_OK; v++) {
        const char *name = name_of_variable(l->a, *v);
        if (!name || kol_streq(name, "config"))
            continue;
        struct kol_origin origin = {.where = kol_arena_strn(l->a, *v, strcspn(*v, "="))};
        const char *value = strchr(*v, '=') + 1;
        const struct kol_setting *s = kol_setting_find(name);
        const struct kol_setting *secret = s ? NULL : secret_of_file(l->a, name);
        if (!origin.where)
            return kol_fail(l->err, KOL_NO_MEMORY, "settings: out of memory");

        if (secret) {
            code = set_secret_file(l, secret, value, ENVIRONMENT, origin);
        } else if (s) {
            code = claim(l, s, ENVIRONMENT, origin.where);
            if (code == KOL_OK)
                code = kol_setting_from_text(l->a, s, value, origin, l->conf, l->err);
        } else if (kol_setting_nearest(name)) {
            warn(l, kol_arena_fmt(l->a, "%s is no setting and was ignored; did you mean %s?",
                                  origin.where, kol_setting_nearest(name)));
        }
    }
    return code;
}

/* ---- flags ---- */

static enum kol_code set_from_flag(struct loader *l, const struct kol_override *o)
{
    struct kol_origin origin = {.where = kol_arena_fmt(l->a, "--%s", o->name)};
    const struct kol_setting *s = kol_setting_find(o->name);
    const struct kol_setting *secret = s ? NULL : secret_of_file(l->a, o->name);

    if (!origin.where)
        return kol_fail(l->err, KOL_NO_MEMORY, "settings: out of memory");
    if (secret)
        return set_secret_file(l, secret, o->value, FLAGS, origin);
    if (!s)
        return fail_unknown(l, origin.where, o->name);
    if (s->type == KOL_SET_SECRET)
        return kol_fail(l->err, KOL_BAD_CONFIG,
                        "%s: every user of this machine can see flags; use --%s_file=PATH, the "
                        "settings file or the environment",
                        origin.where, s->name);
    enum kol_code code = claim(l, s, FLAGS, origin.where);
    if (code != KOL_OK)
        return code;
    return kol_setting_from_text(l->a, s, o->value, origin, l->conf, l->err);
}

static enum kol_code load_flags(struct loader *l, const struct kol_override *overrides, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum kol_code code = set_from_flag(l, &overrides[i]);
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}

/* ---- all together ---- */

static enum kol_code load_fallbacks(struct loader *l)
{
    struct kol_origin origin = {.where = "the default"};

    for (size_t i = 0; i < KOL_SETTING_COUNT; i++) {
        const struct kol_setting *s = &kol_settings[i];
        enum kol_code code = claim(l, s, FALLBACK, origin.where);
        if (code == KOL_OK)
            code = kol_setting_from_text(l->a, s, s->fallback, origin, l->conf, l->err);
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}

static enum kol_code keep_warnings(struct loader *l)
{
    const char **items = kol_arena_array(l->a, MAX_WARNINGS, sizeof *items);

    if (!items)
        return kol_fail(l->err, KOL_NO_MEMORY, "settings: out of memory");
    memcpy(items, l->warnings, sizeof l->warnings);
    l->conf->warnings = (struct kol_strings){l->warning_count, items};
    return KOL_OK;
}

/* NULL when only the default says so. */
static const char *where_set(const struct loader *l, const char *name)
{
    const size_t i = (size_t)(kol_setting_find(name) - kol_settings);

    return l->source[i] == FALLBACK ? NULL : l->where[i];
}

enum kol_code kol_conf_load(struct kol_arena *a, const char *path,
                            const struct kol_override *overrides, size_t n, struct kol_conf **ret,
                            struct kol_err *err)
{
    struct kol_err unused;
    struct loader l = {.a = a, .err = err ? err : &unused};

    l.conf = kol_arena_alloc(a, sizeof *l.conf);
    if (!l.conf)
        return kol_fail(err, KOL_NO_MEMORY, "settings: out of memory");
    if (!path)
        path = getenv("KOL_CONFIG");

    enum kol_code code = load_fallbacks(&l);
    if (code == KOL_OK && path && *path)
        code = load_file(&l, path);
    if (code == KOL_OK)
        code = load_environment(&l);
    if (code == KOL_OK)
        code = load_flags(&l, overrides, n);
    if (code == KOL_OK)
        code = kol_conf_check(a, l.conf, l.where, l.err);
    if (code == KOL_OK)
        code = keep_warnings(&l);
    l.conf->model_where = where_set(&l, "model");
    l.conf->model_he_where = where_set(&l, "model_he");
    if (code == KOL_OK)
        *ret = l.conf;
    return code;
}
