/*
 * worker.h - threads that take jobs, run their stage, and commit the outcome.
 *
 * Each thread serves one stage. A watchdog keeps the leases of what runs, notices within a second
 * when a job was taken away, and ends what runs far past its deadline.
 * Threading: start and stop from one thread.
 */
#ifndef KOL_PIPELINE_WORKER_H
#define KOL_PIPELINE_WORKER_H

#include "queue/stage.h"

struct kol_workers; /* opaque */

struct kol_workers_options {
    struct kol_stage_env env;
    const char *owner; /* in job.owner: whose jobs to give back when this process dies */
    /* Stages and how many threads each; ends with stage NULL. */
    const struct kol_workers_share {
        const char *stage;
        int threads;
    } * shares;
    /* The watchdog calls it every few seconds; NULL is fine. */
    enum kol_code (*now_and_then)(const struct kol_conf *conf, struct kol_writer *writer,
                                  struct kol_db *db, struct kol_err *err);
    /* A worker process: a stage that does not stop within 2 s is ended with the process. */
    bool may_exit;
};

/* Opens the stages (the model, for transcribe) and starts the threads. Errors: those of open(). */
enum kol_code kol_workers_start(const struct kol_workers_options *options, struct kol_workers **ret,
                                struct kol_err *err) KOL_MUST_CHECK;
/* Asks all to stop, waits, gives back what was not finished. env.stopping must be true before. */
void kol_workers_stop(struct kol_workers *w);

/* The state that a stage's open() made in the first of its threads (the transcriber, for
 * self-tests). */
void *kol_workers_state(struct kol_workers *w, const char *stage);

#endif
