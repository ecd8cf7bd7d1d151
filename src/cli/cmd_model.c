/* cmd_model.c - the speech models: which are known, here, in use; and whether one works. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/language.h"
#include "base/str.h"
#include "cli/model.h"
#include "conf/choice.h"
#include "transcribe/catalog.h"
#include "transcribe/clip.h"
#include "transcribe/engines.h"
#include "transcribe/model_file.h"
#include "transcribe/pull.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define RIGHT_LEAST_PERCENT 80

static int64_t size_of(const char *path)
{
    struct stat st;

    return path && stat(path, &st) == 0 ? st.st_size : 0;
}

enum kol_code kol_cli_model_in_use(struct kol_cli *cli, const char *path, bool *ret,
                                   struct kol_err *err)
{
    struct kol_models models;
    enum kol_code code = kol_models_in_use(cli->arena, cli->conf, &models, err);

    if (code != KOL_OK)
        return code;
    const char *used[] = {models.model, models.model_he, cli->conf->vad_model};
    *ret = false;
    for (size_t i = 0; i < KOL_COUNT(used); i++)
        *ret |= kol_streq(kol_model_path(cli->arena, cli->conf, used[i]), path);
    return KOL_OK;
}

/* ---- list ---- */

static void describe(struct kol_cli *cli, json_t *rows, const char *name)
{
    const struct kol_catalog_model *m = kol_catalog_find(name);
    const char *path = kol_model_path(cli->arena, cli->conf, name);
    const int64_t here = size_of(path);
    bool in_use = false;
    json_t *row = json_object();

    (void)!kol_cli_model_in_use(cli, path, &in_use, NULL);
    kol_json_set_str(row, "name", name);
    kol_json_set_int(row, "bytes", here ? here : m ? m->bytes : 0);
    kol_json_set(row, "installed", json_boolean(here > 0));
    kol_json_set(row, "in_use", json_boolean(in_use));
    kol_json_set_int(row, "partial_bytes",
                     size_of(kol_model_partial_path(cli->arena, cli->conf, name)));
    kol_json_set_str(row, "languages", m ? m->languages : NULL);
    kol_json_set_str(row, "sha256", m && *m->sha256 ? m->sha256 : NULL);
    kol_json_set_str(row, "note", m ? m->note : NULL);
    json_array_append_new(rows, row);
}

/* "ggml-base.bin" -> "base"; NULL for other files. */
static const char *name_of(struct kol_arena *a, const char *file)
{
    if (!kol_starts_with(file, "ggml-") || !kol_ends_with(file, ".bin"))
        return NULL;
    return kol_arena_strn(a, file + 5, strlen(file) - 9);
}

/* Those of the folder that the built-in list does not know. */
static void describe_others(struct kol_cli *cli, json_t *rows)
{
    DIR *dir = opendir(cli->conf->model_dir);

    for (struct dirent *e; dir && (e = readdir(dir));) {
        const char *name = name_of(cli->arena, e->d_name);

        if (name && !kol_catalog_find(name))
            describe(cli, rows, name);
    }
    if (dir)
        closedir(dir);
}

static void print_row(const json_t *row)
{
    const int64_t bytes = kol_json_get_int(row, "bytes", 0);
    const int64_t partial = kol_json_get_int(row, "partial_bytes", 0);
    const char *languages = kol_json_get_str(row, "languages"),
               *note = kol_json_get_str(row, "note");
    char state[32] = "";

    if (kol_json_get_bool(row, "in_use", false) && kol_json_get_bool(row, "installed", false))
        snprintf(state, sizeof state, "in use");
    else if (kol_json_get_bool(row, "installed", false))
        snprintf(state, sizeof state, "here");
    else if (partial > 0)
        snprintf(state, sizeof state, "%d %% pulled", bytes > 0 ? (int)(partial * 100 / bytes) : 0);
    printf("%-24s %8.1f MB  %-4s %-11s %s\n", kol_json_get_str(row, "name"), (double)bytes / 1e6,
           languages ? languages : "?", state, note ? note : "");
}

static int list(struct kol_cli *cli)
{
    size_t count;
    const struct kol_catalog_model *known = kol_catalog(&count);
    json_t *rows = json_array();

    for (size_t i = 0; i < count; i++)
        describe(cli, rows, known[i].name);
    describe_others(cli, rows);
    if (cli->json) {
        kol_cli_print_json(json_pack("{s:o}", "models", rows));
        return KOL_EXIT_OK;
    }
    for (size_t i = 0; i < json_array_size(rows); i++)
        print_row(json_array_get(rows, i));
    json_decref(rows);
    return KOL_EXIT_OK;
}

/* ---- verify ---- */

static const char *published(const char *name, const char *path)
{
    const struct kol_catalog_model *m = kol_catalog_find(name);
    char hash[65];

    if (!m || !*m->sha256)
        return "no published checksum";
    if (kol_file_sha256(path, hash, NULL) != KOL_OK)
        return "not readable";
    return kol_streq(hash, m->sha256) ? "the published file"
                                      : "not the published file (converted here, or changed)";
}

/* A copy of the settings in which this model is the one in use. */
static struct kol_conf *conf_with(struct kol_cli *cli, const char *name)
{
    struct kol_conf *conf = kol_arena_alloc(cli->arena, sizeof(*conf));

    if (conf) {
        *conf = *cli->conf;
        conf->model = name;
        conf->model_he = "";
        if (conf->engine == KOL_ENGINE_OPENAI)
            conf->engine = KOL_ENGINE_AUTO;
        conf->model_where = conf->model_he_where = "kol model verify";
    }
    return conf;
}

static enum kol_code hear(struct kol_cli *cli, const struct kol_conf *conf,
                          struct kol_clip_result *ret, struct kol_err *err)
{
    struct kol_engines *engines = NULL;
    struct kol_engines_taken taken;

    if (!conf)
        return kol_fail(err, KOL_NO_MEMORY, "out of memory");
    enum kol_code code = kol_engines_open(conf, &engines, err);
    if (code == KOL_OK)
        code = kol_engines_take(engines, &taken, err);
    if (code == KOL_OK) {
        code = kol_transcriber_hear_clip(taken.main, cli->arena, ret, err);
        kol_engines_give_back(engines);
    }
    kol_engines_close(engines);
    return code;
}

static int say_heard(struct kol_cli *cli, const char *name, const char *origin,
                     const struct kol_clip_result *r)
{
    const bool good = r->right * 100 >= r->words * RIGHT_LEAST_PERCENT;
    const double speed = r->wall_ms > 0 ? (double)r->duration_ms / (double)r->wall_ms : 0;

    if (cli->json)
        kol_cli_print_json(json_pack("{s:s,s:s,s:s,s:i,s:i,s:b}", "model", name, "origin", origin,
                                     "heard", r->heard, "words", r->words, "right", r->right, "ok",
                                     good));
    else
        printf("model %s (%s)\nheard: %s\n%d of %d words right, %.1f times real time\n%s\n", name,
               origin, r->heard, r->right, r->words, speed,
               good
                   ? "it loads and transcribes"
                   : "it runs, but does not understand this English clip: a model made for another "
                     "language may; a stock one should not");
    return good ? KOL_EXIT_OK : KOL_EXIT_FAILED;
}

/* The server that the settings name hears the clip. */
static int verify_remote(struct kol_cli *cli)
{
    struct kol_clip_result result;
    struct kol_err err = {0};

    if (hear(cli, cli->conf, &result, &err) != KOL_OK)
        return kol_cli_fail(&err);
    return say_heard(cli, cli->conf->openai_model, "at a server", &result);
}

/* Loads it and lets it work: the only proof that counts. */
static int verify(struct kol_cli *cli)
{
    const char *name = kol_cli_word(cli, 1);
    struct kol_clip_result result;
    struct kol_models models;
    struct kol_model_info info;
    struct kol_err err = {0};

    if (kol_models_in_use(cli->arena, cli->conf, &models, &err) != KOL_OK)
        return kol_cli_fail(&err);
    if (!name && cli->conf->engine == KOL_ENGINE_OPENAI)
        return verify_remote(cli);
    if (!name)
        name = models.model;
    const char *path = kol_model_path(cli->arena, cli->conf, name);
    if (kol_model_probe(path, &info, &err) != KOL_OK)
        return kol_cli_fail(&err);
    if (info.kind == KOL_MODEL_VAD) {
        printf("%s finds speech (%s); verify a Whisper model to see it at work\n", name,
               published(name, path));
        return KOL_EXIT_OK;
    }
    if (hear(cli, conf_with(cli, name), &result, &err) != KOL_OK)
        return kol_cli_fail(&err);
    return say_heard(cli, name, published(name, path), &result);
}

/* ---- remove ---- */

static int remove_model(struct kol_cli *cli)
{
    const char *name = kol_cli_word(cli, 1);
    const char *path = kol_model_path(cli->arena, cli->conf, name);
    const char *partial = kol_model_partial_path(cli->arena, cli->conf, name);
    struct kol_err err = {0};
    bool in_use = false;

    if (!kol_model_name_ok(name))
        return kol_cli_usage(cli, "'%s' is no name of a model", name);
    if (kol_cli_model_in_use(cli, path, &in_use, &err) != KOL_OK)
        return kol_cli_fail(&err);
    if (in_use) {
        kol_fail(&err, KOL_CONFLICT, "%s is in use: kol model use another one first", name);
        return kol_cli_fail(&err);
    }
    const int64_t bytes = size_of(path) + size_of(partial);
    const bool gone = unlink(path) == 0;
    if (!gone && errno != ENOENT) {
        kol_fail(&err, KOL_IO, "remove %s: %s", path, strerror(errno));
        return kol_cli_fail(&err);
    }
    if (unlink(partial) != 0 && !gone) {
        kol_fail(&err, KOL_NOT_FOUND, "there is no %s", path);
        return kol_cli_fail(&err);
    }
    printf("%s is removed: %.1f MB\n", name, (double)bytes / 1e6);
    return KOL_EXIT_OK;
}

/* ---- use ---- */

/* The file is there, a Whisper model, knows the language, and fits. */
static enum kol_code check_usable(struct kol_cli *cli, const char *name, bool hebrew,
                                  struct kol_err *err)
{
    const char *path = kol_model_path(cli->arena, cli->conf, name);
    struct kol_model_info info;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const int threads = (int)(cli->conf->worker_threads ? cli->conf->worker_threads : cores);
    enum kol_code code = kol_model_probe(path, &info, err);

    if (code == KOL_NOT_FOUND)
        return kol_fail(err, code, "model %s is not here%s%s", name,
                        kol_catalog_find(name) ? ": get it with kol model pull " : "",
                        kol_catalog_find(name) ? name : "");
    if (code == KOL_OK && (info.kind != KOL_MODEL_WHISPER || info.tensor_count == 0))
        return kol_fail(err, KOL_BAD_INPUT, "%s is no Whisper model", name);
    if (code == KOL_OK && hebrew && info.vocab < 51865)
        return kol_fail(err, KOL_BAD_INPUT, "model %s knows English only", name);
    return code == KOL_OK ? kol_model_fits(&info, name, threads, false, err) : code;
}

static int use(struct kol_cli *cli)
{
    const char *name = kol_cli_word(cli, 1), *language = kol_cli_option(cli, "language");
    const char *code_of = language ? kol_language_canonical(language) : NULL;
    const bool hebrew = kol_streq(code_of, "he");
    const char *where = hebrew ? cli->conf->model_he_where : cli->conf->model_where;
    const char *setting = hebrew ? "model_he" : "model";
    struct kol_err err = {0};

    if (language && !hebrew)
        return kol_cli_usage(cli, "--language is he, or left out for all others");
    if (!kol_model_name_ok(name))
        return kol_cli_usage(cli, "'%s' is no name of a model", name);
    if (where) {
        kol_fail(&err, KOL_CONFLICT, "%s sets %s, which wins: change it there to %s = \"%s\"",
                 where, setting, setting, name);
        return kol_cli_fail(&err);
    }
    if (check_usable(cli, name, hebrew, &err) != KOL_OK ||
        kol_models_choose(cli->conf, hebrew, name, &err) != KOL_OK)
        return kol_cli_fail(&err);
    printf("model %s is in use%s; a running server takes it for the next call\n", name,
           hebrew ? " for Hebrew" : "");
    return KOL_EXIT_OK;
}

static int run(struct kol_cli *cli)
{
    static const struct kol_subcommand list_of[] = {
        {"list", 0, list},     {"pull", 1, kol_cli_model_pull}, {"import", 1, kol_cli_model_import},
        {"verify", 0, verify}, {"remove", 1, remove_model},     {"use", 1, use},
        {NULL, 0, NULL}};
    struct kol_err err = {0};

    if (kol_cli_conf(cli, &err) != KOL_OK)
        return kol_cli_fail(&err);
    return kol_cli_dispatch(cli, list_of);
}

static const struct kol_option options[] = {
    {"name", "NAME", "pull, import: another name than that of the file"},
    {"sha256", "HEX", "pull URL: the SHA-256 that it must have"},
    {"bytes", "N", "pull URL: the length that it must have"},
    {"type", "TYPE", "import of a folder: f16, bf16 or q8_0 (default q8_0)"},
    {"language", "LANGUAGE", "use: he, for Hebrew calls only"},
    {"quiet", NULL, "no progress bar"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_model = {
    .name = "model",
    .usage = "list\npull NAME | URL [--sha256=HEX]\nimport FILE | FOLDER [--name=NAME]\n"
             "verify [NAME]\nremove NAME\nuse NAME [--language=he]",
    .help = "the speech models: list, get, check, choose",
    .options = options,
    .run = run,
};
