#include "pipeline/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "pipeline/run.h"
#include "pipeline/stages.h"
#include "store/business.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MS 250  /* how often an idle thread looks for work: a cheap read */
#define REAP_MS 5000 /* how often strangers' expired leases are looked for */
#define WATCH_MS 500 /* how often the watchdog looks at what runs */
#define STOP_WITHIN_MS                                                                             \
    1500 /* a stage that was told to stop has ended by then: 2 s with the look above */
#define EXIT_STUCK 75
#define TELL_MS 1000     /* progress is stored at most so often */
#define TELL_PERMILLE 20 /* and when it grew by so much */

struct worker_thread {
    struct kol_workers *all;
    const struct kol_stage *stage;
    pthread_t thread;
    bool started;
    void *state;
    struct kol_db *db;

    pthread_mutex_t mutex; /* guards run: the watchdog reads it while the thread works */
    struct kol_stage_run *run;
    int64_t extended_boot_ms;
    int told_permille;            /* progress that was stored last */
    int64_t told_to_stop_boot_ms; /* 0: not told */
};

struct kol_workers {
    struct kol_workers_options options;
    struct worker_thread *threads;
    int count;
    pthread_t watchdog;
    bool watchdog_started;
    atomic_bool watchdog_stop;
};

static bool stopping(const struct kol_workers *w)
{
    return atomic_load(w->options.env.stopping);
}

/* ---- one thread ---- */

static void begin_watching(struct worker_thread *t, struct kol_stage_run *run)
{
    pthread_mutex_lock(&t->mutex);
    t->run = run;
    t->extended_boot_ms = kol_boot_ms();
    t->told_permille = 0;
    t->told_to_stop_boot_ms = 0;
    pthread_mutex_unlock(&t->mutex);
}

static void end_watching(struct worker_thread *t)
{
    pthread_mutex_lock(&t->mutex);
    t->run = NULL;
    pthread_mutex_unlock(&t->mutex);
}

/* Takes one job and walks it to its outcome. False when there was none. */
static bool work_once(struct worker_thread *t)
{
    KOL_ARENA arena = kol_arena_new(0);
    struct kol_stage_run run = {
        .env = &t->all->options.env,
        .state = t->state,
        .arena = arena,
        .db = t->db,
        .wait_divisor = t->all->options.env.conf->test_wait_divisor,
    };
    struct kol_err err = {0};

    if (!arena)
        return false;
    if (kol_run_claim(&run, t->stage, t->all->options.owner, &err) != KOL_OK) {
        kol_error("take a job for %s: %s", t->stage->name, err.msg);
        return false;
    }
    if (!run.job)
        return false;

    const struct kol_log_context context = {
        .call_sid = run.job->call_sid, .job_id = run.job->id, .stage = t->stage->name};
    kol_log_context_set(&context);
    begin_watching(t, &run);
    memset(&err, 0, sizeof(err));
    enum kol_code code = t->stage->run(&run, &err);
    end_watching(t);
    kol_run_end(&run, t->stage, code, &err);
    kol_log_context_set(NULL);
    return true;
}

static bool has_work(struct worker_thread *t)
{
    struct kol_err err = {0};
    bool has = false;

    if (kol_queue_has_work(t->db, t->stage->name, kol_wall_ms(), &has, &err) != KOL_OK)
        kol_error("look for work: %s", err.msg);
    return has;
}

static void *thread_main(void *arg)
{
    struct worker_thread *t = arg;

    while (!stopping(t->all)) {
        if (!has_work(t) || !work_once(t))
            kol_sleep_ms(IDLE_MS);
    }
    return NULL;
}

/* ---- the watchdog ---- */

/* A job that was taken away is told so; one that does not listen ends with its process. */
static void tell_to_stop(struct worker_thread *t, int64_t now_ms)
{
    atomic_store(&t->run->lost, true);
    if (!t->told_to_stop_boot_ms)
        t->told_to_stop_boot_ms = now_ms;
}

/* Every heartbeat, and sooner when there is progress to tell. */
static bool extend_change_needed(const struct worker_thread *t, int64_t now_ms)
{
    const int64_t since_ms = now_ms - t->extended_boot_ms;
    const int grown = atomic_load(&t->run->progress_permille) - t->told_permille;

    return since_ms >= KOL_HEARTBEAT_MS || (grown >= TELL_PERMILLE && since_ms >= TELL_MS);
}

struct extension {
    struct kol_job job;
    double progress;
};

static enum kol_code extend_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct extension *e = arg;

    return kol_queue_extend(db, &e->job, e->progress, err);
}

/* The lease is kept only while the work is within its deadline. */
static bool overdue(const struct kol_stage_run *run, int64_t now_ms)
{
    const int64_t deadline =
        atomic_load(&((struct kol_stage_run *)(uintptr_t)run)->deadline_boot_ms);

    return deadline > 0 && now_ms > deadline + STOP_WITHIN_MS;
}

static void watch_thread(struct worker_thread *t, struct kol_db *db)
{
    struct extension extension;
    struct kol_err err = {0};
    const int64_t now_ms = kol_boot_ms();
    bool extend = false;

    pthread_mutex_lock(&t->mutex);
    if (t->run) {
        extension.job = *t->run->job; /* only id and token are used: numbers, safe to keep */
        extension.progress = atomic_load(&t->run->progress_permille) / 1000.0;
        if (overdue(t->run, now_ms) || kol_queue_check(db, &extension.job, &err) == KOL_LOST_LEASE)
            tell_to_stop(t, now_ms);
        extend = !t->told_to_stop_boot_ms && extend_change_needed(t, now_ms);
        if (extend) {
            t->extended_boot_ms = now_ms;
            t->told_permille = atomic_load(&t->run->progress_permille);
        }
    }
    const bool stuck =
        t->run && t->told_to_stop_boot_ms && now_ms - t->told_to_stop_boot_ms > STOP_WITHIN_MS;
    pthread_mutex_unlock(&t->mutex);

    if (stuck && t->all->options.may_exit) {
        kol_error("job %lld did not stop in %d ms: ending this worker process",
                  (long long)extension.job.id, STOP_WITHIN_MS);
        _exit(EXIT_STUCK);
    }
    if (extend &&
        kol_write(t->all->options.env.writer, extend_change, &extension, &err) != KOL_OK &&
        err.code != KOL_LOST_LEASE)
        kol_error("keep the lease of job %lld: %s", (long long)extension.job.id, err.msg);
}

static enum kol_code reap_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    enum kol_code code = kol_queue_reap(db, kol_wall_ms(), arg, err);

    return code == KOL_OK ? kol_business_release_late(db, err) : code;
}

static void reap(struct kol_workers *w)
{
    struct kol_err err = {0};
    int64_t count = 0;

    if (kol_write(w->options.env.writer, reap_change, &count, &err) != KOL_OK)
        kol_error("give back expired jobs: %s", err.msg);
    else if (count > 0)
        kol_warn("gave back %lld jobs whose worker was gone", (long long)count);
}

static void tend(struct kol_workers *w, struct kol_db *db)
{
    const struct kol_workers_options *o = &w->options;
    struct kol_err err = {0};

    if (o->now_and_then && o->now_and_then(o->env.conf, o->env.writer, db, &err) != KOL_OK)
        kol_error("look after waiting jobs: %s", err.msg);
}

static void *watchdog_main(void *arg)
{
    struct kol_workers *w = arg;
    struct kol_err err = {0};
    struct kol_db *db = kol_reader_borrow(w->options.env.writer, &err);
    int64_t reaped_ms = 0;

    while (db && !atomic_load(&w->watchdog_stop)) {
        for (int i = 0; i < w->count; i++)
            watch_thread(&w->threads[i], db);
        if (kol_boot_ms() - reaped_ms >= REAP_MS) {
            reap(w);
            tend(w, db);
            reaped_ms = kol_boot_ms();
        }
        kol_sleep_ms(WATCH_MS);
    }
    kol_reader_return(w->options.env.writer, db);
    return NULL;
}

/* ---- life ---- */

static enum kol_code start_thread(struct kol_workers *w, const struct kol_stage *stage,
                                  struct kol_err *err)
{
    struct worker_thread *t = &w->threads[w->count];

    t->all = w;
    t->stage = stage;
    pthread_mutex_init(&t->mutex, NULL);
    t->db = kol_reader_borrow(w->options.env.writer, err);
    if (!t->db)
        return err->code;
    w->count++;
    if (stage->open) {
        enum kol_code code = stage->open(&w->options.env, &t->state, err);

        if (code != KOL_OK)
            return kol_err_prefix(err, "start %s", stage->name);
    }
    if (pthread_create(&t->thread, NULL, thread_main, t) != 0)
        return kol_fail(err, KOL_NO_MEMORY, "start a thread for %s: %s", stage->name,
                        strerror(errno));
    t->started = true;
    return KOL_OK;
}

static enum kol_code start_all(struct kol_workers *w, struct kol_err *err)
{
    for (const struct kol_workers_share *s = w->options.shares; s->stage; s++) {
        for (int i = 0; i < s->threads; i++) {
            enum kol_code code = start_thread(w, kol_stage_by_name(s->stage), err);

            if (code != KOL_OK)
                return code;
        }
    }
    if (pthread_create(&w->watchdog, NULL, watchdog_main, w) != 0)
        return kol_fail(err, KOL_NO_MEMORY, "start the watchdog: %s", strerror(errno));
    w->watchdog_started = true;
    return KOL_OK;
}

enum kol_code kol_workers_start(const struct kol_workers_options *options, struct kol_workers **ret,
                                struct kol_err *err)
{
    int total = 0;

    for (const struct kol_workers_share *s = options->shares; s->stage; s++)
        total += s->threads;
    struct kol_workers *w = calloc(1, sizeof(*w));
    struct worker_thread *threads = calloc((size_t)total + 1, sizeof(*threads));
    if (!w || !threads) {
        free(threads);
        free(w);
        return kol_fail(err, KOL_NO_MEMORY, "start the workers: out of memory");
    }
    w->options = *options;
    w->threads = threads;
    enum kol_code code = start_all(w, err);
    if (code != KOL_OK) {
        atomic_store(w->options.env.stopping, true);
        kol_workers_stop(w);
        return code;
    }
    *ret = w;
    return KOL_OK;
}

struct release {
    const char *owner;
    int64_t count;
};

static enum kol_code release_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct release *r = arg;

    return kol_queue_release_owner(db, r->owner, false, kol_wall_ms(), &r->count, err);
}

void kol_workers_stop(struct kol_workers *w)
{
    struct release release;
    struct kol_err err = {0};

    if (!w)
        return;
    for (int i = 0; i < w->count; i++)
        if (w->threads[i].started)
            pthread_join(w->threads[i].thread, NULL);
    atomic_store(&w->watchdog_stop, true);
    if (w->watchdog_started)
        pthread_join(w->watchdog, NULL);
    for (int i = 0; i < w->count; i++) {
        struct worker_thread *t = &w->threads[i];

        if (t->stage->close && t->state)
            t->stage->close(t->state);
        kol_reader_return(w->options.env.writer, t->db);
        pthread_mutex_destroy(&t->mutex);
    }
    release.owner = w->options.owner;
    if (kol_write(w->options.env.writer, release_change, &release, &err) != KOL_OK)
        kol_error("give back unfinished jobs: %s", err.msg);
    free(w->threads);
    free(w);
}

void *kol_workers_state(struct kol_workers *w, const char *stage)
{
    for (int i = 0; i < w->count; i++)
        if (kol_streq(w->threads[i].stage->name, stage))
            return w->threads[i].state;
    return NULL;
}
