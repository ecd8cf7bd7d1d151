/* model_get.c - kol model pull and import: models into model_dir. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/model.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "transcribe/catalog.h"
#include "transcribe/model_file.h"
#include "transcribe/pull.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct getting {
    struct kol_cli *cli;
    struct kol_bar bar;
    struct kol_pull pull;
};

static void show(int64_t done, int64_t total, void *user)
{
    struct getting *g = user;
    char label[160];

    snprintf(label, sizeof label, "%lld of %lld MB  %s", (long long)(done / 1000000),
             (long long)(total / 1000000), g->pull.name);
    kol_bar_show(&g->bar, done, total, label);
}

static void begin(struct getting *g, struct kol_cli *cli)
{
    *g = (struct getting){.cli = cli};
    kol_bar_begin(&g->bar, kol_cli_has(cli, "quiet"));
    g->pull = (struct kol_pull){.conf = cli->conf,
                                .name = kol_cli_option(cli, "name"),
                                .stop = kol_signals_flag(),
                                .progress = show,
                                .user = g};
}

static int finish(struct getting *g, enum kol_code code, const struct kol_err *err)
{
    struct kol_cli *cli = g->cli;
    const char *path = kol_model_path(cli->arena, cli->conf, g->pull.name);
    const bool hashed = !kol_str_empty(g->pull.sha256);
    struct stat st = {0};

    kol_bar_clear(&g->bar);
    if (code == KOL_CANCELLED) {
        fprintf(stderr, "kol: stopped%s\n",
                hashed ? "; what came is kept, and the same command goes on from there" : "");
        return KOL_EXIT_STOPPED;
    }
    if (code != KOL_OK)
        return kol_cli_fail(err);
    if (stat(path, &st) != 0)
        st.st_size = 0;
    if (cli->json) {
        kol_cli_print_json(json_pack("{s:s,s:s,s:I,s:b}", "name", g->pull.name, "file", path,
                                     "bytes", (json_int_t)st.st_size, "checksum_ok", hashed));
        return KOL_EXIT_OK;
    }
    printf("%s: %.1f MB, %s\n", path, (double)st.st_size / 1e6,
           hashed ? "its SHA-256 is the published one"
                  : "no published checksum: only its form was checked");
    printf("kol model verify %s lets it work; kol model use %s makes it the one in use\n",
           g->pull.name, g->pull.name);
    return KOL_EXIT_OK;
}

/* ---- pull ---- */

/* "https://host/a/ggml-small-he.bin?x=1" -> "small-he" */
static const char *name_of_url(struct kol_arena *a, const char *url)
{
    const char *end = url + strcspn(url, "?#");
    const char *start = end;

    while (start > url && start[-1] != '/')
        start--;
    const char *file = kol_arena_strn(a, start, (size_t)(end - start));
    if (!file)
        return NULL;
    if (kol_starts_with(file, "ggml-"))
        file += 5;
    return kol_ends_with(file, ".bin") ? kol_arena_strn(a, file, strlen(file) - 4) : file;
}

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* A URL, with what the user knows of it. */
static int describe_url(struct getting *g, const char *url)
{
    struct kol_cli *cli = g->cli;
    const char *bytes = kol_cli_option(cli, "bytes");

    g->pull.url = url;
    g->pull.sha256 = kol_cli_option(cli, "sha256");
    if (!g->pull.name)
        g->pull.name = name_of_url(cli->arena, url);
    if (g->pull.sha256 && !is_sha256(g->pull.sha256))
        return kol_cli_usage(cli, "--sha256 is 64 hex digits in lower case");
    if (bytes && !kol_cli_number(bytes, "--bytes", &g->pull.bytes))
        return KOL_EXIT_USAGE;
    return KOL_EXIT_OK;
}

static int describe_known(struct getting *g, const char *name)
{
    struct kol_cli *cli = g->cli;
    const struct kol_catalog_model *m = kol_catalog_find(name);

    if (!m)
        return kol_cli_usage(cli, "no known model is called %s; kol model list shows them", name);
    if (!g->pull.name)
        g->pull.name = m->name;
    g->pull.url = kol_arena_fmt(cli->arena, "%s/%s", cli->conf->model_base_url, m->path);
    g->pull.bytes = m->bytes;
    g->pull.sha256 = m->sha256;
    return KOL_EXIT_OK;
}

/* What is there already, whole, is not fetched again. */
static bool is_here(const struct getting *g)
{
    const char *path = kol_model_path(g->cli->arena, g->cli->conf, g->pull.name);
    char hash[65];

    return !kol_str_empty(g->pull.sha256) && kol_file_sha256(path, hash, NULL) == KOL_OK &&
           kol_streq(hash, g->pull.sha256);
}

int kol_cli_model_pull(struct kol_cli *cli)
{
    const char *what = kol_cli_word(cli, 1);
    struct getting g;
    struct kol_err err = {0};

    begin(&g, cli);
    const int status = strstr(what, "://") ? describe_url(&g, what) : describe_known(&g, what);
    if (status != KOL_EXIT_OK)
        return status;
    if (!kol_model_name_ok(g.pull.name))
        return kol_cli_usage(cli, "--name: letters, digits, '.', '_' and '-' only");
    if (is_here(&g)) {
        if (!cli->json)
            printf("%s is here already\n", g.pull.name);
        return cli->json ? finish(&g, KOL_OK, &err) : KOL_EXIT_OK;
    }
    return finish(&g, kol_pull_get(&g.pull, &err), &err);
}

/* ---- import ---- */

/* "/tmp/ggml-small.bin" -> "small", "/tmp/whisper-he-ct2/" -> "whisper-he-ct2" */
static const char *name_of_path(struct kol_arena *a, const char *path)
{
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    const char *whole = kol_arena_strn(a, path, len);
    return whole ? name_of_url(a, whole) : NULL;
}

static void run_converter(const char *const *argv)
{
    execv(argv[0], (char *const *)argv);
    fprintf(stderr, "kol: start %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* It says itself what is wrong. */
static enum kol_code convert(struct kol_cli *cli, const char *folder, const char *out,
                             struct kol_err *err)
{
    const char *type = kol_cli_option(cli, "type");
    const char *slash = strrchr(cli->conf->decode_program, '/');
    const char *argv[] = {kol_arena_fmt(cli->arena, "%.*s/kol-convert-model",
                                        (int)(slash - cli->conf->decode_program),
                                        cli->conf->decode_program),
                          "--type",
                          type ? type : "q8_0",
                          "--out",
                          out,
                          "--folder",
                          folder,
                          NULL};
    int status = 0;

    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        run_converter(argv);
    }
    if (child < 0)
        return kol_fail(err, KOL_NO_MEMORY, "start kol-convert-model: %s", strerror(errno));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM))
        return kol_fail(err, KOL_CANCELLED, "stopped");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return kol_fail(err, KOL_BAD_INPUT, "import %s: the conversion failed", folder);
    return KOL_OK;
}

static enum kol_code import_folder(struct getting *g, const char *folder, struct kol_err *err)
{
    struct kol_cli *cli = g->cli;
    const char *path = kol_model_path(cli->arena, cli->conf, g->pull.name);
    const char *made = kol_arena_fmt(cli->arena, "%s.converted", path);
    struct kol_model_info info;

    enum kol_code code = kol_mkdir_p(cli->conf->model_dir, 0755, err);
    if (code == KOL_OK)
        code = convert(cli, folder, made, err);
    if (code == KOL_OK)
        code = kol_model_probe(made, &info, err);
    if (code == KOL_OK && rename(made, path) != 0)
        code = kol_fail(err, KOL_IO, "rename to %s: %s", path, strerror(errno));
    if (code != KOL_OK) {
        unlink(made);
        unlink(kol_arena_fmt(cli->arena, "%s.part", made));
    }
    return code;
}

int kol_cli_model_import(struct kol_cli *cli)
{
    const char *from = kol_cli_word(cli, 1);
    struct getting g;
    struct kol_err err = {0};
    struct stat st;

    begin(&g, cli);
    if (stat(from, &st) != 0) {
        kol_fail(&err, KOL_NOT_FOUND, "%s: %s", from, strerror(errno));
        return kol_cli_fail(&err);
    }
    if (!g.pull.name)
        g.pull.name = name_of_path(cli->arena, from);
    if (!kol_model_name_ok(g.pull.name))
        return kol_cli_usage(cli, "%s is no name for a model: give one with --name=NAME",
                             g.pull.name ? g.pull.name : "that");
    g.pull.bytes = st.st_size;
    if (S_ISDIR(st.st_mode))
        return finish(&g, import_folder(&g, from, &err), &err);
    return finish(&g, kol_pull_copy(&g.pull, from, &err), &err);
}
