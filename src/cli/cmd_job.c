/* cmd_job.c - what is waiting, running, done and dead. */
#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"
#include "queue/queue.h"
#include "serve/api.h"

static void print_row(const struct kol_job *job)
{
    char due[KOL_TIME_TEXT];

    kol_time_iso(job->due_at_ms, due);
    printf("%-7lld %-9s %-11s %-10s %s  %s  %s%s%s\n", (long long)job->id, job->kind, job->stage,
           kol_job_state_name(job->state), due, job->call_sid,
           job->error_code ? job->error_code : "", job->error ? ": " : "",
           job->error ? job->error : "");
}

static int print_jobs(struct kol_cli *cli, const struct kol_job *jobs, size_t n)
{
    json_t *rows = cli->json ? json_array() : NULL;

    for (size_t i = 0; i < n; i++) {
        if (cli->json)
            json_array_append_new(rows, kol_shape_job(&jobs[i]));
        else
            print_row(&jobs[i]);
    }
    if (cli->json)
        kol_cli_print_json(json_pack("{s:o}", "jobs", rows));
    else if (n == 0)
        printf("no jobs\n");
    return KOL_EXIT_OK;
}

static int list(struct kol_cli *cli)
{
    const char *limit_text = kol_cli_option(cli, "limit"), *before = kol_cli_option(cli, "before");
    int64_t limit = 50, before_id = 0;
    struct kol_job_filter filter = {.state = kol_cli_option(cli, "state"),
                                    .stage = kol_cli_option(cli, "stage"),
                                    .call_sid = kol_cli_option(cli, "call")};
    struct kol_err err = {0};
    struct kol_job *jobs = NULL;
    size_t n = 0;

    if ((limit_text && !kol_cli_number(limit_text, "--limit", &limit)) ||
        (before && !kol_cli_number(before, "--before", &before_id)))
        return KOL_EXIT_USAGE;
    filter.limit = limit < 200 ? (int)limit : 200;
    filter.before_id = before_id;
    struct kol_db *db = kol_cli_read(cli, &err);
    if (!db)
        return kol_cli_fail(&err);
    enum kol_code code = kol_queue_list(db, cli->arena, &filter, &jobs, &n, &err);
    kol_reader_return(cli->writer, db);
    return code == KOL_OK ? print_jobs(cli, jobs, n) : kol_cli_fail(&err);
}

static int show(struct kol_cli *cli)
{
    int64_t id;
    struct kol_err err = {0};
    struct kol_job *job = NULL;

    if (!kol_cli_number(kol_cli_word(cli, 1), "the job's number", &id))
        return KOL_EXIT_USAGE;
    struct kol_db *db = kol_cli_read(cli, &err);
    if (!db)
        return kol_cli_fail(&err);
    enum kol_code code = kol_queue_by_id(db, cli->arena, id, &job, &err);
    kol_reader_return(cli->writer, db);
    if (code == KOL_OK && !job)
        code = kol_fail(&err, KOL_NOT_FOUND, "there is no job %lld", (long long)id);
    if (code != KOL_OK)
        return kol_cli_fail(&err);
    if (cli->json)
        kol_cli_print_json(kol_shape_job(job));
    else
        print_row(job);
    return KOL_EXIT_OK;
}

static enum kol_code retry_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    return kol_queue_retry(db, *(int64_t *)arg, kol_wall_ms(), err);
}

static enum kol_code cancel_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    return kol_queue_cancel(db, *(int64_t *)arg, kol_wall_ms(), err);
}

static int change_one(struct kol_cli *cli, kol_write_fn change, const char *done)
{
    int64_t id;
    struct kol_err err = {0};

    if (!kol_cli_number(kol_cli_word(cli, 1), "the job's number", &id))
        return KOL_EXIT_USAGE;
    if (kol_cli_change(cli, change, &id, &err) != KOL_OK)
        return kol_cli_fail(&err);
    if (cli->json)
        kol_cli_print_json(json_pack("{s:I,s:s}", "id", (json_int_t)id, "done", done));
    else
        printf("job %lld %s\n", (long long)id, done);
    return KOL_EXIT_OK;
}

static int retry(struct kol_cli *cli)
{
    return change_one(cli, retry_change, "will be tried again");
}

static int cancel(struct kol_cli *cli)
{
    return change_one(cli, cancel_change, "is cancelled");
}

static int run(struct kol_cli *cli)
{
    static const struct kol_subcommand list_of[] = {{"list", 0, list},
                                                    {"show", 1, show},
                                                    {"retry", 1, retry},
                                                    {"cancel", 1, cancel},
                                                    {NULL, 0, NULL}};

    return kol_cli_dispatch(cli, list_of);
}

static const struct kol_option options[] = {
    {"state", "STATE", "scheduled, ready, running, paused, done, dead or cancelled"},
    {"stage", "STAGE", "lookup, fetch, transcribe, understand or deliver"},
    {"call", "SID", "of this call"},
    {"limit", "N", "at most so many (default 50, most 200)"},
    {"before", "ID", "the page after this one: the smallest id that was shown"},
    {NULL, NULL, NULL},
};

const struct kol_command kol_cmd_job = {
    .name = "job",
    .usage = "list [--state=STATE] [--stage=STAGE] [--call=SID]\nshow ID\nretry ID\ncancel ID",
    .help = "look at the queue; retry or cancel a job",
    .options = options,
    .run = run,
};
