#include "pipeline/run.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

#include <string.h>

#define COMMIT_TRIES 5
#define COMMIT_PAUSE_MS 1000

/* ---- claiming ---- */

struct claim {
    struct kol_stage_run *run;
    const char *stage;
    const char *owner;
    struct kol_job *job;
};

static enum kol_code claim_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct claim *c = arg;

    return kol_queue_claim(db, c->run->arena, c->stage, c->owner, kol_wall_ms(), &c->job, err);
}

enum kol_code kol_run_claim(struct kol_stage_run *run, const struct kol_stage *stage,
                            const char *owner, struct kol_err *err)
{
    struct claim claim = {.run = run, .stage = stage->name, .owner = owner};
    enum kol_code code = kol_write(run->env->writer, claim_change, &claim, err);

    run->job = code == KOL_OK ? claim.job : NULL;
    return code;
}

/* ---- the outcome ---- */

struct outcome {
    struct kol_stage_run *run;
    const struct kol_stage *stage;
    enum kol_code code;
    const struct kol_err *failure;
    enum kol_job_state state;
};

static enum kol_code add_next(struct kol_db *db, const struct outcome *o, int64_t now_ms,
                              struct kol_err *err)
{
    const struct kol_stage_run *run = o->run;
    const struct kol_job *job = run->job;
    const char *next = run->next_stage ? run->next_stage : o->stage->next;

    if (run->end_of_road || !next || !kol_streq(job->kind, "full"))
        return KOL_OK;
    const struct kol_job_new following = {
        .kind = job->kind,
        .stage = next,
        .business_id = job->business_id,
        .call_id = job->call_id,
        .call_sid = job->call_sid,
        .subject = run->next_subject ? run->next_subject : job->subject,
        .order_key = job->order_key,
    };
    return kol_queue_add(db, &following, now_ms, NULL, err);
}

static enum kol_code store_success(struct kol_db *db, struct outcome *o, int64_t now_ms,
                                   struct kol_err *err)
{
    struct kol_stage_run *run = o->run;
    enum kol_code code = kol_queue_check(db, run->job, err);

    if (code == KOL_OK && run->save)
        code = run->save(db, run, err);
    if (code != KOL_OK)
        return code;
    if (run->again)
        return kol_queue_again(db, run->job, now_ms + run->again_in_ms / run->wait_divisor,
                               run->data, now_ms, err);
    code = kol_queue_finish(db, run->job, now_ms, err);
    if (code != KOL_OK)
        return code;
    return add_next(db, o, now_ms, err);
}

static enum kol_code store_failure(struct kol_db *db, struct outcome *o, int64_t now_ms,
                                   struct kol_err *err)
{
    struct kol_stage_run *run = o->run;
    enum kol_code code =
        kol_queue_fail(db, run->job, o->failure, &o->stage->retry, run->retry_in_ms,
                       run->wait_divisor, now_ms, &o->state, err);

    if (code == KOL_OK && run->save)
        code = run->save(db, run, err);
    if (code == KOL_OK && o->state == KOL_JOB_DEAD && o->stage->bury)
        code = o->stage->bury(db, run->job, o->failure, now_ms, err);
    return code;
}

static enum kol_code outcome_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct outcome *o = arg;
    const int64_t now_ms = kol_wall_ms();

    return o->code == KOL_OK ? store_success(db, o, now_ms, err)
                             : store_failure(db, o, now_ms, err);
}

static void log_failure(const struct outcome *o)
{
    static const char *const what_next[] = {
        [KOL_JOB_SCHEDULED] = "will be tried again",
        [KOL_JOB_READY] = "was given back",
        [KOL_JOB_PAUSED] = "waits until that is changed",
        [KOL_JOB_DEAD] = "was given up",
    };
    const char *next = o->state < KOL_COUNT(what_next) ? what_next[o->state] : NULL;

    if (o->state == KOL_JOB_READY)
        kol_debug("%s: %s", next, o->failure->msg);
    else
        kol_log(o->state == KOL_JOB_DEAD ? KOL_ERROR : KOL_WARN, "job %s (%s): %s",
                next ? next : "ended", kol_code_name(o->failure->code), o->failure->msg);
}

/* A database that is briefly full or busy must not cost the work that was done. */
static enum kol_code commit(struct outcome *o, struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    for (int i = 0; i < COMMIT_TRIES; i++) {
        code = kol_write(o->run->env->writer, outcome_change, o, err);
        if (code == KOL_OK || kol_code_next(code) != KOL_NEXT_RETRY ||
            kol_stage_should_stop(o->run))
            break;
        kol_sleep_ms(COMMIT_PAUSE_MS / o->run->wait_divisor);
    }
    return code;
}

void kol_run_end(struct kol_stage_run *run, const struct kol_stage *stage, enum kol_code code,
                 const struct kol_err *failure)
{
    struct outcome o = {.run = run, .stage = stage, .code = code, .failure = failure};
    struct kol_err err = {0};
    enum kol_code committed = commit(&o, &err);

    if (committed == KOL_LOST_LEASE) {
        kol_warn("somebody else has this job now: nothing was stored");
        return;
    }
    if (committed != KOL_OK && code == KOL_OK) {
        /* What the stage made cannot be stored: the job fails with that reason. */
        const struct kol_err unstored = err;
        struct outcome second = {
            .run = run, .stage = stage, .code = committed, .failure = &unstored};

        run->save = NULL;
        run->after = NULL;
        if (commit(&second, &err) == KOL_OK)
            log_failure(&second);
        else
            kol_error("store the end of the job: %s; its lease will run out", err.msg);
        return;
    }
    if (committed != KOL_OK) {
        kol_error("store the end of the job: %s; its lease will run out", err.msg);
        return;
    }
    if (code != KOL_OK)
        log_failure(&o);
    if (run->after)
        run->after(run);
}
