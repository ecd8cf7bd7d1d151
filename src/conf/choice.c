#include "conf/choice.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "conf/toml.h"
#include <string.h>

enum { FILE_MOST = 4096 };

struct choice {
    const char *path;
    const char *model, *model_he; /* "" when not chosen */
};

static enum kol_code read_choice(struct kol_arena *a, const struct kol_conf *conf,
                                 struct choice *ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    struct kol_toml toml = {0};
    size_t len = 0;

    *ret = (struct choice){kol_arena_fmt(a, "%s/model-in-use.toml", conf->data_dir), "", ""};
    if (!ret->path)
        return kol_fail(err, KOL_NO_MEMORY, "model in use: out of memory");
    enum kol_code code = kol_file_read(ret->path, FILE_MOST, &text, &len, err);
    if (code == KOL_NOT_FOUND)
        return KOL_OK;
    if (code == KOL_OK)
        code = kol_toml_parse(a, ret->path, text, len, &toml, err);
    for (size_t i = 0; i < toml.count && code == KOL_OK; i++) {
        const struct kol_toml_entry *e = &toml.entries[i];
        const char **to = kol_streq(e->key, "model")      ? &ret->model
                          : kol_streq(e->key, "model_he") ? &ret->model_he
                                                          : NULL;
        if (!to || e->value.type != KOL_TOML_STRING)
            return kol_fail(err, KOL_BAD_CONFIG, "%s:%d: only model and model_he stand here",
                            ret->path, e->value.line);
        *to = kol_arena_str(a, e->value.string);
        if (!*to)
            return kol_fail(err, KOL_NO_MEMORY, "model in use: out of memory");
    }
    return code;
}

enum kol_code kol_models_in_use(struct kol_arena *a, const struct kol_conf *conf,
                                struct kol_models *ret, struct kol_err *err)
{
    struct choice choice;
    enum kol_code code = read_choice(a, conf, &choice, err);

    if (code != KOL_OK)
        return code;
    ret->model = conf->model_where || !*choice.model ? conf->model : choice.model;
    ret->model_he = conf->model_he_where ? conf->model_he : choice.model_he;
    if (kol_str_empty(ret->model_he))
        ret->model_he = ret->model;
    return KOL_OK;
}

static void add_line(struct kol_str *text, const char *key, const char *name)
{
    if (!kol_str_empty(name))
        kol_str_add_fmt(text, "%s = \"%s\"\n", key, name);
}

enum kol_code kol_models_choose(const struct kol_conf *conf, bool hebrew, const char *name,
                                struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    KOL_STR text;
    struct choice choice;

    kol_str_init(&text, FILE_MOST);
    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "model in use: out of memory");
    if (strpbrk(name, "\"\\\n\r"))
        return kol_fail(err, KOL_BAD_INPUT, "no model can be called '%s'", name);
    enum kol_code code = read_choice(a, conf, &choice, err);
    if (code != KOL_OK)
        return code;
    kol_str_add(&text, "# written by kol model use; settings win over it\n");
    add_line(&text, "model", hebrew ? choice.model : name);
    add_line(&text, "model_he", hebrew ? name : choice.model_he);
    if (kol_str_failed(&text))
        return kol_fail(err, KOL_NO_MEMORY, "model in use: out of memory");
    code = kol_mkdir_p(conf->data_dir, 0700, err);
    return code == KOL_OK ? kol_file_write_atomic(choice.path, text.data, text.len, err) : code;
}

bool kol_model_weak_for_hebrew(const char *model)
{
    static const char *const weak[] = {"tiny", "base", "small"};
    const char *slash = model ? strrchr(model, '/') : NULL;
    const char *name = slash ? slash + 1 : model;

    if (!name)
        return false;
    if (kol_starts_with(name, "ggml-"))
        name += 5;
    for (size_t i = 0; i < KOL_COUNT(weak); i++)
        if (kol_starts_with(name, weak[i]))
            return true;
    return false;
}

bool kol_conf_weak_for_hebrew(const struct kol_conf *conf)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_models models = {conf->model, conf->model};

    if (conf->engine == KOL_ENGINE_OPENAI)
        return false; /* nobody knows what that server has */
    if (a && kol_models_in_use(a, conf, &models, NULL) != KOL_OK)
        return false; /* something else is wrong, and said elsewhere */
    return kol_model_weak_for_hebrew(models.model_he);
}
