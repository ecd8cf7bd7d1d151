/* speed.c - kol doctor --speed: what this machine can do, with the model in use and a large one. */
#include "cli/speed.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "conf/choice.h"
#include "transcribe/pull.h"
#include "transcribe/speed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#define TURBO_BYTES 580000000LL

static int thread_count(const struct kol_conf *conf)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return conf->worker_threads > 0 ? (int)conf->worker_threads : cores > 0 ? (int)cores : 1;
}

static json_t *row_of(const char *model, const struct kol_speed *s)
{
    return json_pack("{s:s,s:s,s:i,s:f,s:f,s:I,s:f,s:f,s:f}", "model", model, "engine", s->engine,
                     "threads", s->threads, "encode_ms", s->encode_ms, "token_ms", s->token_ms,
                     "memory_bytes", (json_int_t)s->resident_bytes, "real_time_factor",
                     s->real_time_factor, "hang_up_to_transcript_s", s->hang_up_to_transcript_s,
                     "call_minutes_per_hour", s->call_minutes_per_hour);
}

static void print_speed(const char *model, const struct kol_speed *s)
{
    printf("%s (engine %s), %d thread%s: a window of 30 s takes %.2f s, a token %.1f ms; %lld MB "
           "of memory\n"
           "  a two-channel call takes %.2f of its length: a transcript %.0f s after a call of 5 "
           "minutes, %.0f minutes of calls per hour\n",
           model, s->engine, s->threads, s->threads == 1 ? "" : "s", s->encode_ms / 1000,
           s->token_ms, (long long)(s->resident_bytes / 1000000), s->real_time_factor,
           s->hang_up_to_transcript_s, s->call_minutes_per_hour);
}

static enum kol_code measure(struct kol_cli *cli, json_t *rows, const char *model, const char *path,
                             struct kol_err *err)
{
    struct kol_speed speed;
    enum kol_code code = kol_speed_measure(path, thread_count(cli->conf), &speed, err);

    if (code != KOL_OK)
        return code;
    json_array_append_new(rows, row_of(model, &speed));
    if (!cli->json)
        print_speed(model, &speed);
    fflush(stdout);
    return KOL_OK;
}

/* A file without a name, in TMPDIR: gone with the program, whatever happens. */
static int nameless_file(struct kol_err *err)
{
    const char *folder = getenv("TMPDIR");
    struct statvfs fs;

    folder = kol_str_empty(folder) ? "/tmp" : folder;
    if (statvfs(folder, &fs) == 0 && (int64_t)fs.f_bavail * (int64_t)fs.f_frsize < TURBO_BYTES) {
        kol_fail(err, KOL_DISK_FULL, "%s has less than %lld MB free; set TMPDIR to another folder",
                 folder, TURBO_BYTES / 1000000);
        return -1;
    }
    const int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        kol_fail(err, KOL_IO, "make a file in %s: %s", folder, strerror(errno));
    return fd;
}

static enum kol_code measure_turbo(struct kol_cli *cli, json_t *rows, struct kol_err *err)
{
    KOL_CLEANUP(kol_close_fd) int fd = nameless_file(err);

    if (fd < 0)
        return err->code;
    enum kol_code code = kol_speed_write_turbo(fd, err);
    if (code != KOL_OK)
        return code;
    return measure(cli, rows, "size of large-v3-turbo-q5_0 (made-up weights)",
                   kol_arena_fmt(cli->arena, "/proc/self/fd/%d", fd), err);
}

int kol_cli_speed(struct kol_cli *cli)
{
    KOL_JSON rows = json_array();
    struct kol_models models;
    struct kol_err err = {0};
    int status = KOL_EXIT_OK;

    if (kol_cli_conf(cli, &err) != KOL_OK ||
        kol_models_in_use(cli->arena, cli->conf, &models, &err) != KOL_OK)
        return kol_cli_fail(&err);
    const char *path = kol_model_path(cli->arena, cli->conf, models.model);
    if (measure(cli, rows, models.model, path, &err) != KOL_OK)
        status = kol_cli_fail(&err);
    if (measure_turbo(cli, rows, &err) != KOL_OK)
        status = kol_cli_fail(&err);
    if (cli->json)
        kol_cli_print_json(json_pack("{s:O}", "speed", rows));
    else
        printf(
            "(estimated for calls in which somebody speaks four fifths of the time, on a machine "
            "with nothing else to do)\n");
    return status;
}
