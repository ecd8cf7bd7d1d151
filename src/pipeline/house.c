#include "pipeline/house.h"

#include "backlog/reconcile.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "pipeline/refused.h"
#include "pipeline/supervise.h"
#include "pipeline/worker.h"
#include "store/fact.h"
#include "transcribe/engines.h"
#include "transcribe/stage.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SERVE_OWNER "serve" /* one per data folder: cmd_serve holds serve.lock */
#define SELFTEST_MS (5 * 60 * 1000)
#define SELFTEST_LOOK_MS 200
#define ENGINE_FACT "engine"
#define MEDIA_HOSTS_MOST (64 * 1024)
#define KEY_MOST 4200

struct kol_house {
    struct kol_house_options options;
    atomic_bool offline_on;
    struct kol_workers *workers;
    struct kol_supervisor *supervisor;
    struct kol_reconciler *reconciler;
    pthread_t selftest;
    bool selftest_started;
};

/* ---- what an earlier life left ---- */

static enum kol_code release_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    (void)arg;
    const int64_t now_ms = kol_wall_ms();
    enum kol_code code = kol_queue_release_owner(db, SERVE_OWNER, true, now_ms, NULL, err);

    if (code != KOL_OK)
        return code;
    return kol_queue_release_owner(db, KOL_CHILD_OWNER, true, now_ms, NULL, err);
}

/* Jobs that wait for a setting go on when it is another than at the last start. */
static enum kol_code resume_if_changed(struct kol_db *db, const char *fact, const char *now,
                                       enum kol_code paused_with, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    char *before = NULL;
    int64_t resumed = 0;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "compare settings: out of memory");
    enum kol_code code = kol_fact_get(db, a, fact, &before, err);
    if (code != KOL_OK || kol_streq(before, now))
        return code;
    code = kol_queue_resume(db, kol_code_name(paused_with), NULL, kol_wall_ms(), &resumed, err);
    if (code == KOL_OK && resumed > 0)
        kol_info("%s has changed: %lld paused jobs go on", fact, (long long)resumed);
    return code == KOL_OK ? kol_fact_set(db, fact, now, err) : code;
}

static enum kol_code media_hosts_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct kol_conf *conf = arg;
    KOL_STR all;

    kol_str_init(&all, MEDIA_HOSTS_MOST);
    kol_str_add(&all, "");
    for (size_t i = 0; i < conf->media_hosts.count; i++)
        kol_str_add_fmt(&all, "%s\n", conf->media_hosts.items[i]);
    if (kol_str_failed(&all) || !all.data)
        return kol_fail(err, KOL_NO_MEMORY, "compare media_hosts: out of memory");
    return resume_if_changed(db, "media_hosts", all.data, KOL_ELSEWHERE, err);
}

static enum kol_code recording_key_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct kol_conf *conf = arg;
    char now[KEY_MOST];
    struct stat st = {0};

    if (!kol_str_empty(conf->recording_key))
        (void)!stat(conf->recording_key, &st);
    snprintf(now, sizeof now, "%lld %lld %s", (long long)st.st_mtim.tv_sec, (long long)st.st_size,
             conf->recording_key);
    return resume_if_changed(db, "recording_key", now, KOL_ENCRYPTED, err);
}

static enum kol_code take_over(const struct kol_house_options *options, struct kol_err *err)
{
    enum kol_code code = kol_write(options->writer, release_change, NULL, err);

    if (code != KOL_OK)
        return code;
    code = kol_write(options->writer, media_hosts_change, (void *)(uintptr_t)options->conf, err);
    if (code != KOL_OK)
        return code;
    return kol_write(options->writer, recording_key_change, (void *)(uintptr_t)options->conf, err);
}

/* ---- serve ---- */

static enum kol_code start_serve_threads(struct kol_house *h, struct kol_err *err)
{
    const struct kol_conf *conf = h->options.conf;
    const struct kol_workers_share shares[] = {
        {"lookup", 1},
        {"fetch", (int)conf->fetch_threads},
        {"erase", 1},
        {"understand", (int)conf->understand_threads},
        {"deliver", (int)conf->deliver_threads},
        {NULL, 0},
    };
    const struct kol_workers_options options = {
        .env = {.conf = conf,
                .writer = h->options.writer,
                .offline_on = &h->offline_on,
                .stopping = h->options.stopping},
        .owner = SERVE_OWNER,
        .shares = shares,
        .now_and_then = kol_refused_look,
    };

    return kol_workers_start(&options, &h->workers, err);
}

static enum kol_code start_child(struct kol_house *h, struct kol_err *err)
{
    struct kol_err missing = {0};
    const struct kol_supervisor_options options = {
        .conf = h->options.conf,
        .writer = h->options.writer,
        .offline_on = &h->offline_on,
        .command = h->options.worker_command,
    };

    if (!h->options.conf->worker || !h->options.worker_command) {
        kol_info("offline transcription is switched off (worker = false): its jobs wait");
        return KOL_OK;
    }
    atomic_store(&h->offline_on, kol_transcribe_check_model(h->options.conf, &missing) == KOL_OK);
    return kol_supervisor_start(&options, &h->supervisor, err);
}

static struct kol_house *house_new(const struct kol_house_options *options)
{
    struct kol_house *h = calloc(1, sizeof(*h));

    if (h)
        h->options = *options;
    return h;
}

enum kol_code kol_house_serve(const struct kol_house_options *options, struct kol_house **ret,
                              struct kol_err *err)
{
    struct kol_house *h = house_new(options);

    if (!h)
        return kol_fail(err, KOL_NO_MEMORY, "start: out of memory");
    enum kol_code code = take_over(options, err);
    if (code == KOL_OK)
        code = start_child(h, err);
    if (code == KOL_OK)
        code = start_serve_threads(h, err);
    if (code == KOL_OK)
        code = kol_reconciler_start(options->conf, options->writer, options->stopping,
                                    &h->reconciler, err);
    if (code != KOL_OK) {
        atomic_store(options->stopping, true);
        kol_house_stop(h);
        return code;
    }
    *ret = h;
    return KOL_OK;
}

/* ---- work ---- */

struct report {
    char *text;
};

static enum kol_code report_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    return kol_fact_set(db, ENGINE_FACT, arg, err);
}

/* A real decode, not "the process is there": what /readyz shows about the engine. False: not now.
 */
static bool run_selftest(struct kol_house *h, struct kol_engines *engines)
{
    KOL_ARENA a = kol_arena_new(0);
    KOL_JSON report = json_object();
    struct kol_err err = {0};
    char model[64];
    const enum kol_code code = kol_engines_selftest(engines, model, &err);

    if (!*model)
        return false;
    kol_json_set_str(report, "state", code == KOL_OK ? "ok" : "failed");
    kol_json_set_str(report, "model", model);
    kol_json_set_int(report, "tested_at_ms", kol_wall_ms());
    kol_json_set_str(report, "error", code == KOL_OK ? NULL : err.msg);
    if (code != KOL_OK)
        kol_error("self-test of the speech engine: %s", err.msg);
    char *text = a ? kol_json_text(a, report) : NULL;
    if (text && kol_write(h->options.writer, report_change, text, &err) != KOL_OK)
        kol_debug("store the self-test: %s", err.msg);
    return true;
}

static void *selftest_main(void *arg)
{
    struct kol_house *h = arg;
    struct kol_engines *engines = kol_workers_state(h->workers, "transcribe");
    int64_t next_ms = 0;

    while (!atomic_load(h->options.stopping)) {
        if (kol_boot_ms() >= next_ms && run_selftest(h, engines))
            next_ms = kol_boot_ms() + SELFTEST_MS;
        kol_engines_tick(engines);
        kol_sleep_ms(SELFTEST_LOOK_MS);
    }
    return NULL;
}

enum kol_code kol_house_work(const struct kol_house_options *options, const char *owner,
                             struct kol_house **ret, struct kol_err *err)
{
    static const struct kol_workers_share shares[] = {{"transcribe", 1}, {NULL, 0}};
    struct kol_house *h = house_new(options);

    if (!h)
        return kol_fail(err, KOL_NO_MEMORY, "start: out of memory");
    atomic_store(&h->offline_on, true);
    const struct kol_workers_options workers = {
        .env = {.conf = options->conf,
                .writer = options->writer,
                .offline_on = &h->offline_on,
                .stopping = options->stopping},
        .owner = owner,
        .shares = shares,
        .may_exit = true,
    };
    enum kol_code code = kol_workers_start(&workers, &h->workers, err);
    if (code == KOL_OK && pthread_create(&h->selftest, NULL, selftest_main, h) != 0)
        code = kol_fail(err, KOL_NO_MEMORY, "start the self-test: %s", strerror(errno));
    if (code != KOL_OK) {
        atomic_store(options->stopping, true);
        kol_house_stop(h);
        return code;
    }
    h->selftest_started = true;
    kol_log_event(KOL_EV_WORKER_LOOP_STARTED);
    *ret = h;
    return KOL_OK;
}

/* ---- both ---- */

void kol_house_stop(struct kol_house *h)
{
    if (!h)
        return;
    if (h->selftest_started)
        pthread_join(h->selftest, NULL);
    kol_reconciler_stop(h->reconciler);
    kol_supervisor_stop(h->supervisor);
    kol_workers_stop(h->workers);
    free(h);
}

void kol_house_stuck(struct kol_house *h, pid_t holder)
{
    if (h)
        kol_supervisor_kill(h->supervisor, holder);
}

json_t *kol_house_engine_report(struct kol_writer *writer, const struct kol_conf *conf)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err = {0};
    struct kol_db *db = kol_reader_borrow(writer, &err);
    char *text = NULL;
    json_t *report = NULL;

    if (!conf->worker)
        report = json_pack("{s:s}", "state", "off");
    else if (kol_transcribe_check_model(conf, &err) != KOL_OK)
        report = json_pack("{s:s,s:s}", "state", "no_model", "error", err.msg);
    else if (a && db && kol_fact_get(db, a, ENGINE_FACT, &text, &err) == KOL_OK && text)
        (void)!kol_json_parse(text, strlen(text), &report, &err);
    kol_reader_return(writer, db);
    return report;
}
