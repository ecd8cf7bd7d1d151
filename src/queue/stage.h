/*
 * stage.h - what a stage of the road gets, and what it answers. Stages meet only through the stored
 * call.
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

    /* while it runs: the stage writes the first two, the pipeline's watchdog the last */
    atomic_int progress_permille;
    _Atomic int64_t deadline_boot_ms; /* 0: none; well past it a worker process is killed */
    atomic_bool lost;                 /* the job is somebody else's now */

    /* answered */
    /* Stores the result inside the transaction that ends the job; NULL: nothing to store. A stage
     * that fails may set it too: what is to be known of the failure beside the job. */
    enum kol_code (*save)(struct kol_db *db, struct kol_stage_run *run, struct kol_err *err);
    void *save_arg;
    /* After the commit: the operators' lines. NULL is fine. */
    void (*after)(struct kol_stage_run *run);
    bool again;          /* not finished: come back, no failure counted */
    int64_t again_in_ms; /* nominal wait; the pipeline divides it */
    const char *data;    /* job data kept for next time (again only) */
    bool end_of_road;    /* finished, and nothing follows */
    /* Where a transcript is worked on that is missing its file: back to this stage, as a new job.
     */
    const char *next_stage;   /* instead of the road's; NULL: as the road says */
    const char *next_subject; /* subject of the next stage's job; NULL: the same */
    int64_t retry_in_ms;      /* on failure: the peer's Retry-After; 0: the rule decides */
};

struct kol_stage {
    const char *name; /* stored in job.stage */
    const char *next; /* stage that follows for kind "full"; NULL: the last */
    enum kol_code (*open)(const struct kol_stage_env *env, void **ret,
                          struct kol_err *err); /* NULL: no state */
    void (*close)(void *state);
    enum kol_code (*run)(struct kol_stage_run *run, struct kol_err *err);
    /* In the transaction that buries the job: what its call becomes. NULL: nothing. */
    enum kol_code (*bury)(struct kol_db *db, const struct kol_job *job,
                          const struct kol_err *failure, int64_t now_ms, struct kol_err *err);
    struct kol_retry_rule retry;
};

/* True when the work should end: the lease is lost or the process stops. Cheap; any thread. */
static inline bool kol_stage_should_stop(const struct kol_stage_run *run)
{
    return atomic_load(&((struct kol_stage_run *)(uintptr_t)run)->lost) ||
           atomic_load(run->env->stopping);
}

/*
 * In a change: the offline transcript of this call will not come. The realtime one, or the plain
 * word that there is none, goes out now.
 */
enum kol_code kol_stage_offline_dead(struct kol_db *db, int64_t call_id, const char *call_sid,
                                     int64_t business_id, int64_t now_ms,
                                     struct kol_err *err) KOL_MUST_CHECK;
/* In a change: the call is to be understood (again) at due_at_ms, or sooner when that was planned.
 */
enum kol_code kol_stage_understand_at(struct kol_db *db, int64_t call_id, const char *call_sid,
                                      int64_t business_id, int64_t due_at_ms, int64_t now_ms,
                                      struct kol_err *err) KOL_MUST_CHECK;

#endif
