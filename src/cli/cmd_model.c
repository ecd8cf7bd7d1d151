/* cmd_model.c - the speech models in model_dir: what is there, and whether one works. */
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "transcribe/stage.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* "ggml-base.bin" -> "base"; NULL for other files. */
static const char *name_of(struct kol_arena *a, const char *file)
{
    if (!kol_starts_with(file, "ggml-") || !kol_ends_with(file, ".bin"))
        return NULL;
    return kol_arena_strn(a, file + 5, strlen(file) - 9);
}

static json_t *model_row(struct kol_cli *cli, const char *file, const char *name)
{
    struct stat st;
    const char *path = kol_arena_fmt(cli->arena, "%s/%s", cli->conf->model_dir, file);
    json_t *row = json_object();

    kol_json_set_str(row, "name", name);
    kol_json_set_int(row, "bytes", stat(path, &st) == 0 ? st.st_size : 0);
    kol_json_set(
        row, "in_use",
        json_boolean(kol_streq(name, cli->conf->model) || kol_streq(name, cli->conf->vad_model)));
    return row;
}

static int list(struct kol_cli *cli)
{
    struct kol_err err = {0};
    json_t *rows = json_array();
    DIR *dir = opendir(cli->conf->model_dir);

    if (!dir) {
        json_decref(rows);
        kol_fail(&err, KOL_NOT_FOUND, "open model_dir %s: %s", cli->conf->model_dir,
                 strerror(errno));
        return kol_cli_fail(&err);
    }
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        const char *name = name_of(cli->arena, e->d_name);

        if (name)
            json_array_append_new(rows, model_row(cli, e->d_name, name));
    }
    closedir(dir);
    if (cli->json) {
        kol_cli_print_json(json_pack("{s:o}", "models", rows));
        return KOL_EXIT_OK;
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);

        printf("%-24s %8.1f MB  %s\n", kol_json_get_str(row, "name"),
               (double)kol_json_get_int(row, "bytes", 0) / 1e6,
               kol_json_get_bool(row, "in_use", false) ? "in use" : "");
    }
    json_decref(rows);
    return KOL_EXIT_OK;
}

/* Loads the model of the settings and lets it work: the only proof that counts. */
static int verify(struct kol_cli *cli)
{
    struct kol_transcriber *t = NULL;
    struct kol_err err = {0};

    if (kol_transcribe_open(cli->conf, &t, &err) != KOL_OK)
        return kol_cli_fail(&err);
    const enum kol_code code = kol_transcriber_selftest(t, &err);
    kol_transcriber_close(t);
    if (code != KOL_OK)
        return kol_cli_fail(&err);
    printf("model %s loads and transcribes\n", cli->conf->model);
    return KOL_EXIT_OK;
}

static int run(struct kol_cli *cli)
{
    static const struct kol_subcommand list_of[] = {
        {"list", 0, list}, {"verify", 0, verify}, {NULL, 0, NULL}};
    struct kol_err err = {0};

    if (kol_cli_conf(cli, &err) != KOL_OK)
        return kol_cli_fail(&err);
    return kol_cli_dispatch(cli, list_of);
}

const struct kol_command kol_cmd_model = {
    .name = "model",
    .usage = "list\nverify",
    .help = "list the speech models; show that the one in use works",
    .run = run,
};
