/* lean.c - see fetch.h: of several jobs for one recording, one works and the others look again. */
#include "base/clock.h"
#include "base/str.h"
#include "recording/fetch.h"
#include "recording/turn.h"
#include <string.h>

enum {
    LOOK_AGAIN_MS = 1000, /* while another job has the turn */
    NEAR_MS = 15 * 1000,  /* longer than any wait within a round */
    PATIENCE = 3          /* looks that a download leaves to a full job that has not begun */
};

static bool is_near(const struct kol_fetch *f, const struct kol_job *job)
{
    return job->due_at_ms - kol_wall_ms() <= NEAR_MS / f->run->wait_divisor;
}

/*
 * A download leaves the steps to the full job of the same recording while that one is at it; its
 * waits are those of the recording anyhow. One that sleeps until tomorrow, or that waits for
 * its business, is not waited for.
 */
static enum kol_code full_job_is_at_it(struct kol_fetch *f, bool *ret, bool *ret_not_begun,
                                       struct kol_err *err)
{
    const struct kol_job_filter filter = {
        .call_sid = f->call->call_sid, .stage = "fetch", .limit = 50};
    struct kol_job *jobs = NULL;
    size_t count = 0;
    enum kol_code code = kol_queue_list(f->run->db, f->run->arena, &filter, &jobs, &count, err);

    *ret = *ret_not_begun = false;
    for (size_t i = 0; code == KOL_OK && i < count; i++) {
        const struct kol_job *job = &jobs[i];
        if (!kol_streq(job->kind, "full") || !kol_streq(job->subject, f->ref.recording_sid))
            continue;
        struct kol_fetch_plan plan = kol_fetch_plan_read(job->data);
        bool waits =
            job->state == KOL_JOB_SCHEDULED && kol_fetch_in_round(&plan) && is_near(f, job);
        bool due = job->state == KOL_JOB_READY && kol_fetch_in_round(&plan);
        *ret |= job->state == KOL_JOB_RUNNING || waits || due;
        *ret_not_begun |= job->state == KOL_JOB_READY && !due;
    }
    return code;
}

/* What a download remembers of its looks at the full job; its plan has not begun. */
struct leaning {
    int deferred; /* looks left to a full job that had not begun */
    bool shared;  /* the full job was at it: its result is this one's, too */
};

static struct leaning leaning_of(const struct kol_job *job)
{
    struct leaning l = {0};
    KOL_JSON json = NULL;

    if (!job->data || kol_json_parse(job->data, strlen(job->data), &json, NULL) != KOL_OK)
        return l;
    l.deferred = (int)kol_json_get_int(json, "deferred", 0);
    l.shared = kol_json_get_bool(json, "shared", false);
    return l;
}

static void look_again(struct kol_fetch *f, const struct leaning *l)
{
    f->run->again = true;
    f->run->again_in_ms = LOOK_AGAIN_MS;
    if (l)
        f->run->data = kol_arena_fmt(f->run->arena, "{\"deferred\":%d,\"shared\":%s}", l->deferred,
                                     l->shared ? "true" : "false");
}

/* Sets ret when a download has to leave this run to the full job of the same recording. */
static enum kol_code lean(struct kol_fetch *f, bool *ret, struct kol_err *err)
{
    struct leaning l = leaning_of(f->run->job);
    bool at_it = false, not_begun = false;

    *ret = false;
    enum kol_code code = full_job_is_at_it(f, &at_it, &not_begun, err);
    if (code != KOL_OK)
        return code;
    if (at_it || (not_begun && l.deferred < PATIENCE)) {
        l.shared |= at_it;
        l.deferred += !at_it;
        look_again(f, &l);
        *ret = true;
        return KOL_OK;
    }
    bool over =
        f->call->fetch_state == KOL_FETCH_GIVEN_UP || f->call->fetch_state == KOL_FETCH_REFUSED;
    if (l.shared && over)
        return kol_fail(err, KOL_NOT_FOUND, "%s",
                        f->call->fetch_reason ? f->call->fetch_reason : "fetching has given up");
    return KOL_OK;
}

enum kol_code kol_fetch_take_turn(struct kol_fetch *f, int64_t slack_ms, bool *ret,
                                  struct kol_err *err)
{
    const struct kol_stage_run *run = f->run;
    int64_t hold_ms = run->env->conf->fetch_timeout_s * 1000 + slack_ms;
    bool leans = false;

    *ret = false;
    if (f->one_round && !kol_fetch_in_round(&f->plan)) {
        enum kol_code code = lean(f, &leans, err);
        if (code != KOL_OK || leans)
            return code;
    }
    *ret = kol_turn_take(f->ref.recording_sid, run->job->id, hold_ms);
    if (!*ret)
        look_again(f, NULL);
    return KOL_OK;
}
