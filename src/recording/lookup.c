/*
 * lookup.c - the stage "lookup": a call without a recording callback is looked up by its SID.
 *
 * Queued when a call completes (due after lookup_after_s) and on request. Finds: the recordings are
 * stored as if their callbacks had come. Finds nothing: the realtime transcript goes out at once.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "intake/road.h"
#include "recording/retry.h"
#include "recording/stage.h"
#include "twilio/recording_url.h"
#include "twilio/rest.h"
#include <string.h>

struct work {
    struct kol_call *call;
    struct kol_rest_recordings found; /* the best one first */
    const char *path;                 /* of the best one, for the log */
    bool queued;
};

/* What is not of this very call and account is none of its recordings, whoever lists it. */
static bool is_usable(const struct kol_rest_recording *r, const struct kol_call *call)
{
    if (!kol_streq(r->account_sid, call->account_sid) ||
        (r->call_sid && !kol_streq(r->call_sid, call->call_sid)))
        return false;
    return !kol_streq(r->status, "absent") && !kol_streq(r->status, "deleted") &&
           !kol_streq(r->status, "failed");
}

static bool is_better(const struct kol_rest_recording *a, const struct kol_rest_recording *b)
{
    bool a_dual = a->channels >= 2, b_dual = b->channels >= 2;

    return a_dual != b_dual ? a_dual : a->duration.seconds > b->duration.seconds;
}

/* Drops what is of no use and puts the best one first, so that no other is queued before it. */
static void sort_out(struct kol_rest_recordings *r, const struct kol_call *call)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++)
        if (is_usable(&r->items[i], call))
            r->items[kept++] = r->items[i];
    r->count = kept;
    for (size_t i = 1; i < kept; i++) {
        if (is_better(&r->items[i], &r->items[0])) {
            struct kol_rest_recording swap = r->items[0];
            r->items[0] = r->items[i];
            r->items[i] = swap;
        }
    }
}

static enum kol_code put(struct kol_db *db, struct kol_stage_run *run, const struct work *w,
                         const struct kol_rest_recording *r, bool *ret_queued, struct kol_err *err)
{
    const struct kol_recording recording = {
        .recording_sid = r->recording_sid,
        .account_sid = r->account_sid,
        .status = "completed", /* the call is over; the fetch waits until the media are ready */
        .source = r->source,
        .url = kol_recording_url_make(run->arena, r->account_sid, r->recording_sid),
        .duration = r->duration.seconds,
        .channels = r->channels,
        .started_at_ms = r->started_at_ms,
    };

    return kol_road_put_recording(db, run->env->conf, run->arena, w->call->id, &recording,
                                  kol_wall_ms(), ret_queued, err);
}

/* Nothing to fetch: the offline road ends, unless a callback came while Twilio was asked. */
static enum kol_code end_without(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                 int64_t now_ms, struct kol_err *err)
{
    struct kol_call *call = NULL;
    bool settled = false;
    enum kol_code code = kol_call_by_id(db, a, call_id, &call, err);

    if (code != KOL_OK || !call)
        return code;
    code = kol_road_is_settled(db, a, call, &settled, err);
    if (code != KOL_OK || settled)
        return code;
    return kol_road_end_offline(db, call, now_ms, err);
}

static enum kol_code save(struct kol_db *db, struct kol_stage_run *run, struct kol_err *err)
{
    struct work *w = run->save_arg;
    enum kol_code code = KOL_OK;

    w->queued = false;
    if (w->found.count == 0) {
        return end_without(db, run->arena, w->call->id, kol_wall_ms(), err);
    }
    for (size_t i = 0; code == KOL_OK && i < w->found.count; i++) {
        bool queued = false;
        code = put(db, run, w, &w->found.items[i], &queued, err);
        w->queued |= queued;
    }
    return code;
}

static void after(struct kol_stage_run *run)
{
    const struct work *w = run->save_arg;

    if (w->found.count == 0) {
        kol_info("Twilio has no recording of this call");
        return;
    }
    kol_log_event(KOL_EV_FOUND_EXISTING, run->job->call_sid, w->path);
    if (!w->queued)
        return;
    kol_log_event(KOL_EV_RECORDING_QUEUED, run->job->call_sid);
    kol_log_event(KOL_EV_JOB_ENQUEUED, run->job->call_sid);
}

static enum kol_code ask(struct kol_stage_run *run, struct work *w, struct kol_err *err)
{
    struct kol_twilio *twilio = run->state;
    enum kol_code code = kol_twilio_recordings_of_call(run->arena, twilio, w->call->account_sid,
                                                       w->call->call_sid, false, &w->found, err);

    if (code == KOL_NOT_FOUND) { /* Twilio does not know the call: then of no recording either */
        w->found.count = 0;
        return KOL_OK;
    }
    if (code != KOL_OK) {
        run->retry_in_ms = kol_twilio_retry_after_ms(twilio);
        return code;
    }
    sort_out(&w->found, w->call);
    if (w->found.count > 0)
        w->path = kol_twilio_recording_path(run->arena, w->found.items[0].account_sid,
                                            w->found.items[0].recording_sid, ".json");
    return KOL_OK;
}

static enum kol_code run_lookup(struct kol_stage_run *run, struct kol_err *err)
{
    struct work *w = kol_arena_alloc(run->arena, sizeof *w);
    bool asked_for = run->job->data && strstr(run->job->data, "asked"), settled = false;

    if (!w)
        return kol_fail(err, KOL_NO_MEMORY, "look up a recording: out of memory");
    enum kol_code code = kol_call_by_id(run->db, run->arena, run->job->call_id, &w->call, err);
    if (code != KOL_OK)
        return code;
    if (!w->call)
        return kol_fail(err, KOL_NOT_FOUND, "look up a recording: the call is gone");

    run->end_of_road = true; /* a fetch job is added by the news of a recording, not by this one */
    code = kol_road_is_settled(run->db, run->arena, w->call, &settled, err);
    if (code != KOL_OK || (settled && !asked_for))
        return code; /* its callback came */
    code = ask(run, w, err);
    if (kol_recording_held_back(run, code))
        return KOL_OK;
    if (code != KOL_OK)
        return code;
    run->save = save;
    run->save_arg = w;
    run->after = after;
    return KOL_OK;
}

static enum kol_code bury(struct kol_db *db, const struct kol_job *job,
                          const struct kol_err *failure, int64_t now_ms, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);

    (void)failure;
    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "bury a look-up: out of memory");
    return end_without(db, a, job->call_id, now_ms, err);
}

const struct kol_stage kol_stage_lookup = {
    .name = "lookup",
    .open = kol_recording_open,
    .close = kol_recording_close,
    .run = run_lookup,
    .bury = bury,
    .retry = {.max_attempts = KOL_FETCH_ATTEMPTS, .delay_ms = kol_fetch_delay_ms},
};
