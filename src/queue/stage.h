/*
 * stage.h - what a stage of the road gets, and what it answers. Stages meet only through the stored call.
 *
 * A stage does its work without holding any transaction, then says in its run what to store; the
 * pipeline commits that together with the end of the job and the next stage's job, fenced by the
 * job's token.
 */
#ifndef KOL_QUEUE_STAGE_H
#define KOL_QUEUE_STAGE_H

#include "conf/conf.h"
#include "queue/queue.h"
#include "store/writer.h"
#include <stdatomic.h>

struct kol_stage_env {
    const struct kol_conf *conf;
    struct kol_writer *writer;
    atomic_bool *offline_on; /* is offline transcription possible now (switch and model)? */
    atomic_bool *stopping;   /* the process is shutting down */
};

struct kol_stage_run {
    /* given */
    const struct kol_stage_env *env;
    void *state; /* what the stage's open() made; one per thread */
    const struct kol_job *job;
    struct kol_arena *arena; /* lives until the job's end is committed */
    struct kol_db *db;       /* read-only connection of this thread */
    int64_t wait_divisor;    /* test-only: divide every wait by it; log nominal seconds */

    /* answered with KOL_OK */
    /* Stores the result inside the transaction that ends the job; NULL: nothing to store. */
    enum kol_code (*save)(struct kol_db *db, struct kol_stage_run *run, struct kol_err *err);
    void *save_arg;
    /* After the commit: the operators' lines. NULL is fine. */
    void (*after)(struct kol_stage_run *run);
    bool again;           /* not finished: come back, no failure counted */
    int64_t again_in_ms;  /* nominal wait; the pipeline divides it */
    const char *data;     /* job data kept for next time (again only) */
    bool end_of_road;     /* finished, and nothing follows */
    const char *next_subject; /* subject of the next stage's job; NULL: the same */
    int64_t retry_in_ms;  /* on failure: the peer's Retry-After; 0: the rule decides */
};

struct kol_stage {
    const char *name; /* stored in job.stage */
    const char *next; /* stage that follows for kind "full"; NULL: the last */
    enum kol_code (*open)(const struct kol_stage_env *env, void **ret, struct kol_err *err); /* NULL: no state */
    void (*close)(void *state);
    enum kol_code (*run)(struct kol_stage_run *run, struct kol_err *err);
    /* In the transaction that buries the job: what its call becomes. NULL: nothing. */
    enum kol_code (*bury)(struct kol_db *db, const struct kol_job *job, const struct kol_err *failure, int64_t now_ms, struct kol_err *err);
    struct kol_retry_rule retry;
};

#endif
