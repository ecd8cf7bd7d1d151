/* router.c - see router.h; the table itself is in routes.c. */
#include "serve/router.h"
#include "base/cleanup.h"
#include "base/ids.h"
#include "base/str.h"
#include <string.h>

static const struct {
    enum kol_method method;
    const char *name;
} methods[] = {
    {KOL_GET, "GET"},       {KOL_HEAD, "HEAD"}, {KOL_POST, "POST"},       {KOL_PATCH, "PATCH"},
    {KOL_DELETE, "DELETE"}, {KOL_PUT, "PUT"},   {KOL_OPTIONS, "OPTIONS"},
};

enum kol_method kol_method_of(const char *name)
{
    for (size_t i = 0; i < KOL_COUNT(methods); i++)
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    return KOL_OTHER_METHOD;
}

const char *kol_methods_text(struct kol_arena *a, unsigned wanted)
{
    const char *text = "";

    for (size_t i = 0; i < KOL_COUNT(methods); i++)
        if (wanted & methods[i].method)
            text = kol_arena_fmt(a, "%s%s%s", text ? text : "", text && *text ? ", " : "",
                                 methods[i].name);
    return text;
}

/* A name of a file: no slash can be in it, a leading dot may not. */
static bool is_name(const char *s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return *s && *s != '.' && s[strspn(s, allowed)] == '\0';
}

static bool var_fits(const char *kind, size_t kind_len, const char *value)
{
    int64_t number;

    if (kind_len == 4 && strncmp(kind, "call", 4) == 0)
        return kol_sid_valid(value, "CA");
    if (kind_len == 2 && strncmp(kind, "id", 2) == 0)
        return strspn(value, "0123456789") == strlen(value) && kol_parse_i64(value, &number) &&
               number > 0;
    return is_name(value);
}

bool kol_path_match(struct kol_arena *a, const char *pattern, const char *path,
                    const char *ret_vars[static KOL_PATH_VARS])
{
    int count = 0;

    while (*pattern && *path) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t kind_len = strcspn(pattern, "}") - 1;
        size_t len = strcspn(path, "/");
        const char *value = kol_arena_strn(a, path, len);
        if (!value || count == KOL_PATH_VARS || !var_fits(pattern + 1, kind_len, value))
            return false;
        ret_vars[count++] = value;
        pattern += kind_len + 2;
        path += len;
    }
    return *pattern == *path; /* both ended */
}

bool kol_route_find(struct kol_request *rq, unsigned *ret_allowed)
{
    *ret_allowed = 0;
    for (size_t i = 0; i < kol_route_count; i++) {
        const struct kol_route *r = &kol_routes[i];
        const char *vars[KOL_PATH_VARS] = {NULL};
        unsigned takes = r->methods | (r->methods & KOL_GET ? KOL_HEAD : 0u);

        if (!kol_path_match(rq->arena, r->pattern, rq->path, vars))
            continue;
        *ret_allowed |= takes;
        if (rq->route || !(takes & rq->method))
            continue;
        rq->route = r;
        memcpy(rq->vars, vars, sizeof vars);
    }
    return rq->route != NULL;
}
