/* cmd_serve.c - the server: intake, playback, API and pages, with its worker child. */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/signals.h"
#include "conf/choice.h"
#include "pipeline/house.h"
#include "recording/service.h"
#include "serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct running {
    struct kol_cli *cli;
    int lock_fd;
    atomic_bool stopping;
    struct kol_house *house;
    struct kol_serve *serve;
    char *worker_command[16];
};

/* One server per data folder: its name as an owner of jobs depends on that. */
static enum kol_code take_folder(struct running *r, struct kol_err *err)
{
    const char *dir = r->cli->conf->data_dir;
    const char *path = kol_arena_fmt(r->cli->arena, "%s/serve.lock", dir);
    enum kol_code code = kol_mkdir_p(dir, 0700, err);

    if (code != KOL_OK)
        return code;
    r->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (r->lock_fd < 0)
        return kol_fail(err, kol_code_from_errno(errno), "open %s: %s", path, strerror(errno));
    /* A server that was just killed may take a moment to be gone. */
    for (int i = 0; flock(r->lock_fd, LOCK_EX | LOCK_NB) < 0; i++) {
        if (i == 20)
            return kol_fail(err, KOL_CONFLICT, "another kol serve is running on %s", dir);
        kol_sleep_ms(100);
    }
    code = kol_mkdir_p(kol_arena_fmt(r->cli->arena, "%s/recordings", dir), 0700, err);
    if (code == KOL_OK)
        kol_recording_sweep(kol_arena_fmt(r->cli->arena, "%s/recordings", dir));
    return code;
}

static void on_stuck(pid_t holder, void *arg)
{
    struct running *r = arg;

    kol_house_stuck(r->house, holder);
}

/* The child is this program again, with the same settings. */
static void make_worker_command(struct running *r)
{
    struct kol_cli *cli = r->cli;
    char **command = r->worker_command;
    int n = 0;

    command[n++] = (char *)"/proc/self/exe";
    command[n++] = (char *)"worker";
    command[n++] = (char *)"--supervised";
    if (cli->config_path) {
        command[n++] = (char *)"--config";
        command[n++] = (char *)(uintptr_t)cli->config_path;
    }
    for (int i = 0; i < cli->setting_count && n < 14; i++)
        command[n++] =
            kol_arena_fmt(cli->arena, "--%s=%s", cli->settings[i].name, cli->settings[i].value);
    command[n] = NULL;
}

static json_t *engine_report(void *arg)
{
    struct running *r = arg;

    return kol_house_engine_report(r->cli->writer, r->cli->conf);
}

/* serve.json tells programs on this machine where the server listens. */
static enum kol_code tell_where(struct running *r, struct kol_err *err)
{
    const char *path = kol_arena_fmt(r->cli->arena, "%s/serve.json", r->cli->conf->data_dir);
    const char *text = kol_arena_fmt(r->cli->arena, "{\"port\":%d,\"pid\":%d}\n",
                                     kol_serve_port(r->serve), (int)getpid());

    return kol_file_write_atomic(path, text, strlen(text), err);
}

static void greet(struct running *r)
{
    struct kol_err err = {0};
    char link[256];

    kol_info("listening on http://%s:%d", r->cli->conf->listen_host, kol_serve_port(r->serve));
    if (isatty(STDOUT_FILENO) && kol_serve_login_link(r->serve, link, sizeof(link), &err) == KOL_OK)
        printf("\nLog in with this one-time link (good for an hour):\n  %s\n\n", link);
    fflush(stdout);
}

static void warn_about_settings(const struct kol_conf *conf)
{
    for (size_t i = 0; i < conf->warnings.count; i++)
        kol_warn("%s", conf->warnings.items[i]);
}

static void warn_about_hebrew(struct kol_cli *cli)
{
    struct kol_err err = {0};
    struct kol_business *list = NULL;
    size_t count = 0;
    struct kol_db *db = kol_cli_read(cli, &err);

    if (db && kol_business_list(db, cli->arena, &list, &count, &err) == KOL_OK &&
        kol_cli_weak_hebrew(cli->conf, list, count))
        kol_warn("%s", KOL_WEAK_HEBREW_TEXT);
    kol_reader_return(cli->writer, db);
}

static enum kol_code start(struct running *r, struct kol_err *err)
{
    enum kol_code code = kol_cli_conf(r->cli, err);

    if (code == KOL_OK)
        code = take_folder(r, err);
    if (code != KOL_OK)
        return code;
    const struct kol_writer_options writer = {
        .dsn = r->cli->conf->database, .on_stuck = on_stuck, .on_stuck_arg = r};
    code = kol_writer_start(r->cli->conf->data_dir, &writer, &r->cli->writer, err);
    if (code != KOL_OK)
        return code;

    make_worker_command(r);
    const struct kol_house_options house = {.conf = r->cli->conf,
                                            .writer = r->cli->writer,
                                            .stopping = &r->stopping,
                                            .worker_command = r->worker_command};
    code = kol_house_serve(&house, &r->house, err);
    if (code != KOL_OK)
        return code;
    const struct kol_serve_options serve = {
        .conf = r->cli->conf, .writer = r->cli->writer, .engine_report = engine_report, .arg = r};
    code = kol_serve_start(&serve, &r->serve, err);
    return code == KOL_OK ? tell_where(r, err) : code;
}

static int run(struct kol_cli *cli)
{
    struct running r = {.cli = cli, .lock_fd = -1};
    struct kol_err err = {0};
    int status = KOL_EXIT_OK;

    kol_signals_block();
    if (start(&r, &err) == KOL_OK) {
        warn_about_settings(cli->conf);
        warn_about_hebrew(cli);
        greet(&r);
        kol_signals_wait(-1);
        kol_info("stopping");
    } else {
        status = kol_cli_fail(&err);
    }
    atomic_store(&r.stopping, true);
    kol_serve_stop(r.serve);
    kol_house_stop(r.house);
    kol_cli_close(cli);
    if (r.lock_fd >= 0)
        close(r.lock_fd);
    return status;
}

const struct kol_command kol_cmd_serve = {
    .name = "serve",
    .usage = "[--config=FILE] [--data=DIR]",
    .help = "run the server: callbacks, recordings, transcription, pages",
    .run = run,
};
