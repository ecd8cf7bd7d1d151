/* setting.c - see setting.h: from texts and TOML values to the typed fields of struct kol_conf. */
#include "conf/setting.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

enum when { START, RELOAD };

const struct kol_setting kol_settings[KOL_SETTING_COUNT] = {
#define X(type, name, fallback, least, most, when, choices, help)                                  \
    {KOL_SET_##type,   #name,   offsetof(struct kol_conf, name),                                   \
     fallback,         least,   most,                                                              \
     (when) == RELOAD, choices, help},
#define G(title)
    KOL_SETTINGS(X, G)
#undef X
#undef G
};

/* ---- names ---- */

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char x = *a == '.' || *a == '-' ? '_' : *a;
        char y = *b == '.' || *b == '-' ? '_' : *b;
        if (x != y)
            return false;
    }
    return *a == *b;
}

const struct kol_setting *kol_setting_find(const char *name)
{
    for (size_t i = 0; i < KOL_SETTING_COUNT; i++)
        if (same_name(name, kol_settings[i].name))
            return &kol_settings[i];
    return NULL;
}

static int smallest(int a, int b, int c)
{
    int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Letters to insert, drop or replace (Levenshtein). */
static int distance(const char *a, const char *b)
{
    enum { MOST = 64 };
    int row[MOST + 1];
    int b_len = (int)strnlen(b, MOST);

    for (int j = 0; j <= b_len; j++)
        row[j] = j;
    for (int i = 0; a[i] && i < MOST; i++) {
        int diagonal = row[0];
        row[0] = i + 1;
        for (int j = 1; j <= b_len; j++) {
            int above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *kol_setting_nearest(const char *name)
{
    const char *best = NULL;
    int best_distance = (int)strnlen(name, 64) / 3 + 1; /* further away it is a guess */

    for (size_t i = 0; i < KOL_SETTING_COUNT; i++) {
        int d = distance(name, kol_settings[i].name);
        if (d <= best_distance && (!best || d < best_distance)) {
            best = kol_settings[i].name;
            best_distance = d;
        }
    }
    return best;
}

/* ---- values ---- */

static void *field(struct kol_conf *conf, const struct kol_setting *s)
{
    return (char *)conf + s->offset;
}

static bool parse_bool(const char *text, bool *ret)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};

    for (size_t i = 0; i < KOL_COUNT(yes); i++) {
        if (strcasecmp(text, yes[i]) != 0 && strcasecmp(text, no[i]) != 0)
            continue;
        *ret = strcasecmp(text, yes[i]) == 0;
        return true;
    }
    return false;
}

/* "65536", "64 KiB", "200MiB" */
static bool parse_bytes(const char *text, int64_t *ret)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } units[] = {{"KiB", KOL_KIB}, {"MiB", KOL_MIB}, {"GiB", KOL_GIB}, {"", 1}};
    size_t digits = strspn(text, "0123456789");
    const char *unit = text + digits;
    char number[24];

    if (digits == 0 || digits >= sizeof number)
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    unit += strspn(unit, " ");
    for (size_t i = 0; i < KOL_COUNT(units); i++)
        if (strcasecmp(unit, units[i].name) == 0)
            return kol_parse_i64(number, ret) && !__builtin_mul_overflow(*ret, units[i].bytes, ret);
    return false;
}

static const char *unit_name(const struct kol_setting *s)
{
    if (s->type == KOL_SET_SECONDS)
        return " s";
    return s->type == KOL_SET_BYTES ? " bytes" : "";
}

static enum kol_code set_number(const struct kol_setting *s, int64_t v, struct kol_origin origin,
                                struct kol_conf *conf, struct kol_err *err)
{
    if (v < s->least || v > s->most)
        return kol_fail(err, KOL_BAD_CONFIG, "%s: %s is %lld; it must be from %lld to %lld%s",
                        origin.where, s->name, (long long)v, (long long)s->least,
                        (long long)s->most, unit_name(s));
    *(int64_t *)field(conf, s) = v;
    return KOL_OK;
}

static enum kol_code set_choice(const struct kol_setting *s, const char *text,
                                struct kol_origin origin, struct kol_conf *conf,
                                struct kol_err *err)
{
    int place = 0;

    for (const char *p = s->choices; p; place++) {
        size_t len = strcspn(p, "|");
        if (strlen(text) == len && strncmp(p, text, len) == 0) {
            *(int *)field(conf, s) = place;
            return KOL_OK;
        }
        p = p[len] ? p + len + 1 : NULL;
    }
    return kol_fail(err, KOL_BAD_CONFIG, "%s: %s is '%s'; it must be one of %s", origin.where,
                    s->name, text, s->choices);
}

const char *kol_conf_absolute(struct kol_arena *a, const char *folder, const char *path)
{
    if (!path || path[0] == '/')
        return path;
    KOL_CLEANUP(kol_free_str) char *here = NULL;
    if (!folder || folder[0] != '/')
        here = getcwd(NULL, 0);
    if (folder && folder[0] == '/')
        return kol_arena_fmt(a, "%s/%s", folder, path);
    if (!here)
        return kol_arena_str(a, path); /* the current folder is gone: the next open will say so */
    if (folder)
        return kol_arena_fmt(a, "%s/%s/%s", here, folder, path);
    return kol_arena_fmt(a, "%s/%s", here, path);
}

static enum kol_code set_text(struct kol_arena *a, const struct kol_setting *s, const char *text,
                              struct kol_origin origin, struct kol_conf *conf, struct kol_err *err)
{
    const char *copy = kol_arena_str(a, text);

    if (s->type == KOL_SET_PATH && *text && !strstr(text, "://"))
        copy = kol_conf_absolute(a, origin.folder, copy);
    if (!copy)
        return kol_fail(err, KOL_NO_MEMORY, "%s: %s: out of memory", origin.where, s->name);
    *(const char **)field(conf, s) = copy;
    return KOL_OK;
}

/* "a, b" -> a, b; empty items do not count. */
static enum kol_code set_list(struct kol_arena *a, const struct kol_setting *s, const char *text,
                              struct kol_origin origin, struct kol_conf *conf, struct kol_err *err)
{
    struct kol_strings list = {0};
    const char **items = kol_arena_array(a, strlen(text) / 2 + 1, sizeof *items);

    for (const char *p = text; items && *p;) {
        p += strspn(p, ", \t");
        size_t len = strcspn(p, ",");
        const char *next = p + len;
        while (len && (p[len - 1] == ' ' || p[len - 1] == '\t'))
            len--;
        if (len)
            items[list.count++] = kol_arena_strn(a, p, len);
        p = next;
    }
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "%s: %s: out of memory", origin.where, s->name);
    list.items = items;
    *(struct kol_strings *)field(conf, s) = list;
    return KOL_OK;
}

enum kol_code kol_setting_from_text(struct kol_arena *a, const struct kol_setting *s,
                                    const char *text, struct kol_origin origin,
                                    struct kol_conf *conf, struct kol_err *err)
{
    int64_t v = 0;

    switch (s->type) {
    case KOL_SET_BOOL:
        if (!parse_bool(text, field(conf, s)))
            return kol_fail(err, KOL_BAD_CONFIG, "%s: %s is '%s'; it must be true or false",
                            origin.where, s->name, text);
        return KOL_OK;
    case KOL_SET_INT:
    case KOL_SET_SECONDS:
        if (!kol_parse_i64(text, &v))
            return kol_fail(err, KOL_BAD_CONFIG, "%s: %s is '%s'; it must be a whole number%s%s",
                            origin.where, s->name, text, *unit_name(s) ? " of seconds" : "", "");
        return set_number(s, v, origin, conf, err);
    case KOL_SET_BYTES:
        if (!parse_bytes(text, &v))
            return kol_fail(err, KOL_BAD_CONFIG,
                            "%s: %s is '%s'; write bytes as 65536, \"64 KiB\", \"200 MiB\" or "
                            "\"1 GiB\"",
                            origin.where, s->name, text);
        return set_number(s, v, origin, conf, err);
    case KOL_SET_TEXT:
    case KOL_SET_PATH:
    case KOL_SET_SECRET:
        return set_text(a, s, text, origin, conf, err);
    case KOL_SET_CHOICE:
        return set_choice(s, text, origin, conf, err);
    case KOL_SET_LIST:
        return set_list(a, s, text, origin, conf, err);
    }
    return kol_fail(err, KOL_BUG, "%s: %s has no type", origin.where, s->name);
}

static enum kol_code wrong_type(const struct kol_setting *s, struct kol_origin origin,
                                struct kol_err *err)
{
    static const char *const examples[] = {
        [KOL_SET_BOOL] = "true or false",
        [KOL_SET_INT] = "a whole number without quotes",
        [KOL_SET_SECONDS] = "a whole number of seconds without quotes",
        [KOL_SET_BYTES] = "a number of bytes, or text such as \"64 KiB\"",
        [KOL_SET_TEXT] = "text in quotes",
        [KOL_SET_PATH] = "a path in quotes",
        [KOL_SET_SECRET] = "text in quotes",
        [KOL_SET_CHOICE] = "text in quotes",
        [KOL_SET_LIST] = "a list such as [\"a\", \"b\"]",
    };
    return kol_fail(err, KOL_BAD_CONFIG, "%s: %s must be %s", origin.where, s->name,
                    examples[s->type]);
}

static enum kol_code set_items(struct kol_arena *a, const struct kol_setting *s,
                               const struct kol_toml_value *v, struct kol_origin origin,
                               struct kol_conf *conf, struct kol_err *err)
{
    const char **items = kol_arena_array(a, v->count, sizeof *items);

    if (!items)
        return kol_fail(err, KOL_NO_MEMORY, "%s: %s: out of memory", origin.where, s->name);
    for (size_t i = 0; i < v->count; i++) {
        if (v->items[i].type != KOL_TOML_STRING)
            return wrong_type(s, origin, err);
        items[i] = v->items[i].string;
    }
    *(struct kol_strings *)field(conf, s) = (struct kol_strings){v->count, items};
    return KOL_OK;
}

enum kol_code kol_setting_from_toml(struct kol_arena *a, const struct kol_setting *s,
                                    const struct kol_toml_value *v, struct kol_origin origin,
                                    struct kol_conf *conf, struct kol_err *err)
{
    bool is_number =
        s->type == KOL_SET_INT || s->type == KOL_SET_SECONDS || s->type == KOL_SET_BYTES;
    bool takes_text = s->type == KOL_SET_BYTES || s->type == KOL_SET_TEXT ||
                      s->type == KOL_SET_PATH || s->type == KOL_SET_SECRET ||
                      s->type == KOL_SET_CHOICE;

    if (v->type == KOL_TOML_BOOL && s->type == KOL_SET_BOOL) {
        *(bool *)field(conf, s) = v->boolean;
        return KOL_OK;
    }
    if (v->type == KOL_TOML_INT && is_number)
        return set_number(s, v->integer, origin, conf, err);
    if (v->type == KOL_TOML_STRING && takes_text)
        return kol_setting_from_text(a, s, v->string, origin, conf, err);
    if (v->type == KOL_TOML_ARRAY && s->type == KOL_SET_LIST)
        return set_items(a, s, v, origin, conf, err);
    return wrong_type(s, origin, err);
}

enum kol_code kol_setting_from_secret_file(struct kol_arena *a, const struct kol_setting *s,
                                           const char *path, struct kol_origin origin,
                                           struct kol_conf *conf, const char **warn,
                                           struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    struct stat st;
    const char *full = kol_conf_absolute(a, origin.folder, path);

    if (!full)
        return kol_fail(err, KOL_NO_MEMORY, "%s: %s_file: out of memory", origin.where, s->name);
    enum kol_code code = kol_file_read(full, 4096, &text, NULL, err);
    if (code != KOL_OK) {
        err->code = KOL_BAD_CONFIG;
        return kol_err_prefix(err, "%s: %s_file", origin.where, s->name);
    }
    text[strcspn(text, "\r\n")] = '\0';
    if (!*text)
        return kol_fail(err, KOL_BAD_CONFIG, "%s: %s_file: the first line of %s is empty",
                        origin.where, s->name, full);
    if (stat(full, &st) == 0 && (st.st_mode & S_IROTH))
        *warn = kol_arena_fmt(a, "%s can be read by every user of this machine: chmod o-r %s", full,
                              full);
    return set_text(a, s, text, origin, conf, err);
}
