/*
 * fetch.c - the stage "fetch": a call's recording becomes a local file.
 *
 * One network step per run; plan.h has the rules. Kind "full" goes on to transcription, kind
 * "download" (queued by playback) ends with the file; both are the same steps, taken by one of
 * them.
 */
#include "recording/fetch.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "intake/road.h"
#include "recording/retry.h"
#include "recording/service.h"
#include "recording/stage.h"
#include "recording/turn.h"
#include <string.h>

enum {
    TURN_SLACK_MS = 60 * 1000, /* how late a worker may be before its turn is somebody else's */
    CALL_TRIES = 4,
    TELL_AFTER = 3 /* failures until players are told */
};

#define SAID "{\"said\":true}" /* data of a job that could not do more than be announced */

/* ---- storing ---- */

static enum kol_code save_party(struct kol_db *db, struct kol_fetch *f, int64_t now_ms,
                                struct kol_err *err)
{
    const struct kol_rest_call *c = f->party;
    int64_t id = f->call->id;
    enum kol_code code =
        kol_road_set_parties(db, f->run->env->conf, id, c->direction, c->from, c->to, now_ms, err);

    if (code != KOL_OK || !kol_call_status_terminal(c->status))
        return code;
    return kol_call_set_status(db, id, c->status, 0, c->started_at_ms, c->ended_at_ms, now_ms, err);
}

static enum kol_code save_resource(struct kol_db *db, struct kol_fetch *f, int64_t now_ms,
                                   struct kol_err *err)
{
    const struct kol_rest_recording *r = f->resource;

    return kol_call_set_duration(db, f->call->id, f->ref.recording_sid, r->duration.seconds,
                                 r->channels, r->source, now_ms, err);
}

/* Another recording of the call may take its place: then that one is fetched. */
static enum kol_code save_gone(struct kol_db *db, struct kol_fetch *f, int64_t now_ms,
                               struct kol_err *err)
{
    const struct kol_recording r = {
        .recording_sid = f->ref.recording_sid,
        .account_sid = f->ref.account_sid,
        .status = f->gone_status,
        .duration = -1,
        .error_code = f->gone_error,
    };
    bool queued = false;

    return kol_road_put_recording(db, f->run->env->conf, f->run->arena, f->call->id, &r, now_ms,
                                  &queued, err);
}

/* What players are told while it does not go on: see service.c. */
static enum kol_code save_failure(struct kol_db *db, struct kol_fetch *f, int64_t business_id,
                                  int64_t now_ms, struct kol_err *err)
{
    const struct kol_job *job = f->run->job;
    enum kol_fetch_state state = KOL_FETCH_GIVEN_UP;
    int64_t next_at_ms = 0;

    switch (kol_code_next(f->failed)) {
    case KOL_NEXT_RETRY:
        if (job->attempt + 1 < TELL_AFTER)
            return KOL_OK;
        next_at_ms = now_ms + kol_fetch_delay_ms(job->attempt + 1) / f->run->wait_divisor;
        break;
    case KOL_NEXT_PAUSE:
        if (f->failed == KOL_UNASSIGNED) /* unless the number got its business this very moment */
            return business_id ? kol_queue_retry(db, job->id, now_ms, err) : KOL_OK;
        state = KOL_FETCH_REFUSED;
        break;
    case KOL_NEXT_GIVE_UP: /* bury() has the last word */
        return f->gone_status ? save_gone(db, f, now_ms, err) : KOL_OK;
    case KOL_NEXT_DONE:
    case KOL_NEXT_STOP:
        return KOL_OK;
    }
    return kol_call_set_fetch_state(db, f->call->id, state, f->reason, next_at_ms, now_ms, err);
}

static enum kol_code save_file(struct kol_db *db, struct kol_fetch *f, int64_t now_ms,
                               struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    if (!f->was_local)
        code = kol_call_set_audio(db, f->call->id, f->ref.recording_sid, f->file.audio_file,
                                  f->file.bytes, f->file.sha256, now_ms, err);
    if (code != KOL_OK)
        return code;
    return kol_erase_queue(db, f->run->arena, f->run->env->conf, f->call, f->ref.recording_sid,
                           now_ms, err);
}

static enum kol_code save_next(struct kol_db *db, struct kol_fetch *f, int64_t now_ms,
                               struct kol_err *err)
{
    int64_t id = f->call->id;

    switch (f->next.what) {
    case KOL_DO_STEP:
    case KOL_DO_WAIT:
        if (f->call->fetch_state == KOL_FETCH_WAITING)
            return KOL_OK;
        return kol_call_set_fetch_state(db, id, KOL_FETCH_WAITING, NULL, 0, now_ms, err);
    case KOL_DO_GIVE_UP:
        return kol_call_set_fetch_state(db, id, KOL_FETCH_GIVEN_UP, f->reason,
                                        now_ms + f->next.wait_s * 1000 / f->run->wait_divisor,
                                        now_ms, err);
    case KOL_DO_DONE:
        return save_file(db, f, now_ms, err);
    case KOL_DO_END:
    case KOL_DO_GONE:
        break;
    }
    return KOL_OK;
}

/* Runs in the transaction that ends this run, whether it failed or not. */
static enum kol_code save(struct kol_db *db, struct kol_stage_run *run, struct kol_err *err)
{
    struct kol_fetch *f = run->save_arg;
    int64_t now_ms = kol_wall_ms();
    struct kol_call *fresh = NULL;
    enum kol_code code = kol_call_by_id(db, run->arena, f->call->id, &fresh, err);

    if (code != KOL_OK)
        return code;
    /* A better recording became the call's while this one was asked for: its own job does the rest.
     */
    if (!fresh || !kol_streq(fresh->recording_sid, f->ref.recording_sid))
        return KOL_OK;
    if (f->party)
        return save_party(db, f, now_ms, err);
    if (f->resource)
        code = save_resource(db, f, now_ms, err);
    if (code != KOL_OK)
        return code;
    return f->failed ? save_failure(db, f, fresh->business_id, now_ms, err)
                     : save_next(db, f, now_ms, err);
}

/* ---- saying ---- */

static void after(struct kol_stage_run *run)
{
    const struct kol_fetch *f = run->save_arg;

    if (f->party)
        return;
    switch (f->next.what) {
    case KOL_DO_STEP:
        return;
    case KOL_DO_WAIT:
        kol_log_event(KOL_EV_NOT_READY, f->given, (int)f->next.wait_s, f->next.attempt);
        return;
    case KOL_DO_GIVE_UP:
    case KOL_DO_END:
        kol_log_event(KOL_EV_GIVING_UP, f->call->call_sid);
        break;
    case KOL_DO_DONE:
        kol_log_event(KOL_EV_RECORDING_SAVED, f->file.audio_file, (long long)f->file.bytes);
        kol_fetch_remove_others(f);
        break;
    case KOL_DO_GONE:
        break;
    }
    kol_turn_leave(f->ref.recording_sid, run->job->id);
}

/* ---- whose call is it? ---- */

static int tries_so_far(const struct kol_job *job)
{
    KOL_JSON json = NULL;

    if (!job->data || kol_json_parse(job->data, strlen(job->data), &json, NULL) != KOL_OK)
        return 0;
    return (int)kol_json_get_int(json, "call_tries", 0);
}

/* Twilio does not know the call yet (it is eventually consistent), or never will. */
static enum kol_code wait_for_call(struct kol_fetch *f, struct kol_err *err)
{
    static const int64_t waits_ms[CALL_TRIES] = {0, 5000, 30000, 120000};
    int tries = tries_so_far(f->run->job) + 1;

    if (tries >= CALL_TRIES)
        return kol_fail(err, KOL_UNASSIGNED,
                        "Twilio does not know this call, so its business is not known");
    f->run->again = true;
    f->run->again_in_ms = waits_ms[tries];
    f->run->data = kol_arena_fmt(f->run->arena, "{\"call_tries\":%d}", tries);
    return KOL_OK;
}

/*
 * Is it to be asked who spoke? Always when nobody knows whose call it is. When the callback's URL
 * named the business, only before the first step and a few times: its recording is fetched anyway.
 */
static bool lacks_parties(const struct kol_fetch *f)
{
    const char *data = f->run->job->data;
    bool begun = data && !strstr(data, "\"call_tries\"");

    if (f->one_round || !f->call->business_id)
        return !f->one_round;
    return !f->call->direction && !begun && tries_so_far(f->run->job) < CALL_TRIES - 1;
}

/*
 * A recording callback carries no number. When no other callback of the call came, Twilio is asked;
 * the numbers are stored, and the next run knows whose call it is, or that nobody has the number.
 */
static enum kol_code identify(struct kol_fetch *f, struct kol_err *err)
{
    struct kol_stage_run *run = f->run;

    if (f->call->direction)
        return kol_fail(err, KOL_UNASSIGNED,
                        "no business has this call's number: kol business add-number releases it");
    struct kol_rest_call *c = kol_arena_alloc(run->arena, sizeof *c);
    if (!c)
        return kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");
    enum kol_code code =
        kol_twilio_call(run->arena, run->state, f->call->account_sid, f->call->call_sid, c, err);
    if (code == KOL_NOT_FOUND)
        return wait_for_call(f, err);
    if (code != KOL_OK)
        return code;
    if (!c->direction && f->call->business_id)
        return wait_for_call(f, err);
    if (!c->direction)
        return kol_fail(err, KOL_UNASSIGNED, "Twilio says no direction of this call");
    f->party = c;
    run->again = true;
    return KOL_OK;
}

/* ---- a step ---- */

/* The beginning of offline work on a call, said once: at the first look of its full job. */
static void announce(const struct kol_fetch *f)
{
    bool first = !kol_fetch_in_round(&f->plan) && f->plan.round == 0 && f->run->job->attempt == 0 &&
                 !kol_streq(f->run->job->data, SAID);

    if (first && !f->one_round && atomic_load(f->run->env->offline_on))
        kol_log_event(KOL_EV_TRANSCRIPTION_STARTING, f->call->call_sid);
}

/* For good: with this the job is buried, and bury() tells the call. */
static enum kol_code end(struct kol_fetch *f, struct kol_err *err)
{
    if (f->next.what == KOL_DO_GONE)
        return kol_fail(err, KOL_GONE, "Twilio has no recording: %s", f->given);
    if (f->next.plan.bad_media)
        return kol_fail(err, KOL_BAD_MEDIA, "what Twilio sent is %s", f->given);
    return kol_fail(err, KOL_NOT_FOUND, "not ready at Twilio after 5 attempts (%s)%s", f->given,
                    f->one_round ? "" : ", and for 30 days");
}

static enum kol_code go_on(struct kol_fetch *f, enum kol_seen seen, struct kol_err *err)
{
    struct kol_stage_run *run = f->run;

    f->next = kol_fetch_decide(&f->plan, seen, f->one_round);
    switch (f->next.what) {
    case KOL_DO_DONE:
        return KOL_OK;
    case KOL_DO_END:
    case KOL_DO_GONE:
        return end(f, err);
    case KOL_DO_STEP:
    case KOL_DO_WAIT:
        (void)kol_turn_take(f->ref.recording_sid, run->job->id,
                            f->next.wait_s * 1000 / run->wait_divisor + TURN_SLACK_MS);
        break;
    case KOL_DO_GIVE_UP:
        f->reason =
            kol_arena_fmt(run->arena, "not ready at Twilio after 5 attempts (%s)", f->given);
        break;
    }
    run->again = true;
    run->again_in_ms = f->next.wait_s * 1000;
    run->data = kol_fetch_plan_text(run->arena, &f->next.plan);
    return run->data ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");
}

static enum kol_code take_step(struct kol_fetch *f, struct kol_err *err)
{
    enum kol_seen seen = KOL_SEEN_NOT_READY;
    bool go = false;

    enum kol_code code = kol_fetch_take_turn(f, TURN_SLACK_MS, &go, err);
    if (code != KOL_OK || !go)
        return code;
    announce(f);
    code = kol_fetch_take_step(f, &seen, err);
    if (code == KOL_OK)
        code = go_on(f, seen, err);
    f->run->save = save;
    f->run->after = after;
    return code;
}

/* ---- a run ---- */

/* Everything that this job is about, or KOL_OK with end_of_road: it has nothing to do any more. */
static enum kol_code load(struct kol_stage_run *run, struct kol_fetch *f, struct kol_err *err)
{
    enum kol_code code = kol_call_by_id(run->db, run->arena, run->job->call_id, &f->call, err);

    if (code != KOL_OK)
        return code;
    if (!f->call)
        return kol_fail(err, KOL_NOT_FOUND, "fetch: the call is gone");
    if (!kol_recording_url_sids(f->call->recording_url, &f->ref))
        return kol_fail(err, KOL_BAD_INPUT, "the call's recording_url names no recording");
    f->run = run;
    f->one_round = kol_streq(run->job->kind, "download");
    f->plan = kol_fetch_plan_read(run->job->data);
    run->save_arg = f;
    /* Another recording became the call's: it has a job of its own. */
    run->end_of_road = !kol_streq(f->ref.recording_sid, run->job->subject);
    return KOL_OK;
}

/* The file is there: no network. The row is told, should it say anything else. */
static void use_local(struct kol_fetch *f)
{
    const struct kol_call *c = f->call;

    announce(f);
    f->was_local = c->fetch_state == KOL_FETCH_LOCAL;
    f->next.what = KOL_DO_DONE;
    f->file = (struct kol_fetched_file){c->audio_file, c->audio_bytes, c->audio_sha256};
    f->run->save = save;
}

static enum kol_code run_fetch(struct kol_stage_run *run, struct kol_err *err)
{
    struct kol_fetch *f = kol_arena_alloc(run->arena, sizeof *f);
    const char *path = NULL;

    if (!f)
        return kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");
    enum kol_code code = load(run, f, err);
    if (code != KOL_OK || run->end_of_road)
        return code;
    if (f->call->fetch_state == KOL_FETCH_GONE) { /* another job was told so */
        code = kol_fail(err, KOL_GONE, "%s",
                        f->call->fetch_reason ? f->call->fetch_reason : "gone at Twilio");
    } else if (lacks_parties(f)) {
        code = identify(f, err);
        run->save = f->party || code != KOL_OK ? save : NULL;
    } else if (kol_recording_find_local(run->arena, run->env->conf, f->call, &path)) {
        use_local(f);
    } else {
        code = take_step(f, err);
    }
    if (code == KOL_OK)
        return KOL_OK;
    if (kol_recording_held_back(run, code)) {
        if (!run->job->data)
            run->data = SAID;
        return KOL_OK;
    }

    f->failed = code;
    f->reason = kol_arena_str(run->arena, err->msg);
    run->retry_in_ms = kol_twilio_retry_after_ms(run->state);
    kol_turn_leave(f->ref.recording_sid, run->job->id);
    return code;
}

/* ---- the end ---- */

static enum kol_code full_job_due(struct kol_db *db, struct kol_arena *a,
                                  const struct kol_call *call, int64_t *ret, struct kol_err *err)
{
    const struct kol_job_filter filter = {
        .call_sid = call->call_sid, .stage = "fetch", .limit = 50};
    struct kol_job *jobs = NULL;
    size_t count = 0;
    enum kol_code code = kol_queue_list(db, a, &filter, &jobs, &count, err);

    *ret = 0;
    for (size_t i = 0; code == KOL_OK && i < count; i++)
        if (kol_streq(jobs[i].kind, "full") && jobs[i].state == KOL_JOB_SCHEDULED)
            *ret = jobs[i].due_at_ms;
    return code;
}

/* In the transaction that buries the job: what players and the CRM are told from now on. */
static enum kol_code bury(struct kol_db *db, const struct kol_job *job,
                          const struct kol_err *failure, int64_t now_ms, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_call *call = NULL;
    int64_t next_at_ms = 0;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "bury a fetch: out of memory");
    enum kol_code code = kol_call_by_id(db, a, job->call_id, &call, err);
    if (code != KOL_OK || !call || !kol_streq(call->recording_sid, job->subject))
        return code;
    bool full = kol_streq(job->kind, "full");
    if (!full && call->fetch_state == KOL_FETCH_REFUSED) /* says more than this end does */
        return KOL_OK;
    enum kol_fetch_state state = failure->code == KOL_GONE ? KOL_FETCH_GONE : KOL_FETCH_GIVEN_UP;
    if (state == KOL_FETCH_GIVEN_UP) /* a player's download ends, the full job goes on */
        code = full_job_due(db, a, call, &next_at_ms, err);
    if (code == KOL_OK)
        code = kol_call_set_fetch_state(db, call->id, state, failure->msg, next_at_ms, now_ms, err);
    if (code != KOL_OK || !full)
        return code;
    return kol_road_end_offline(db, call, now_ms, err);
}

const struct kol_stage kol_stage_fetch = {
    .name = "fetch",
    .next = "transcribe",
    .open = kol_recording_open,
    .close = kol_recording_close,
    .run = run_fetch,
    .bury = bury,
    .retry = {.max_attempts = KOL_FETCH_ATTEMPTS, .delay_ms = kol_fetch_delay_ms},
};
