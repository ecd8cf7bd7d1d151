/* road.c - see road.h. */
#include "intake/road.h"
#include "base/ids.h"
#include "base/str.h"
#include "queue/stage.h"
#include "store/business.h"
#include "twilio/params.h"
#include "twilio/rest.h"

enum { SOON_S = 5 }; /* long enough for the last lines of a realtime transcript to come in */

int64_t kol_road_wait_ms(const struct kol_conf *conf, int64_t wait_s)
{
    return wait_s * 1000 / (conf->test_wait_divisor > 0 ? conf->test_wait_divisor : 1);
}

/* ---- who ---- */

/* The business in the call's account that has the number. */
static enum kol_code find_business(struct kol_db *db, const struct kol_conf *conf, int64_t call_id,
                                   const char *number, int64_t *ret, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    const char *account_sid = NULL;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "find a business: out of memory");
    enum kol_code code = kol_call_account(db, a, call_id, &account_sid, err);
    if (code == KOL_OK)
        code = kol_business_by_number(db, number, account_sid, conf->twilio_account_sid, ret, err);
    return code;
}

enum kol_code kol_road_set_parties(struct kol_db *db, const struct kol_conf *conf, int64_t call_id,
                                   const char *direction, const char *from, const char *to,
                                   int64_t now_ms, struct kol_err *err)
{
    const char *way = kol_call_direction(direction);
    char from_text[KOL_PHONE_TEXT] = "", to_text[KOL_PHONE_TEXT] = "";
    int64_t business_id = 0;
    enum kol_code code = KOL_OK;

    if (!way)
        return KOL_OK;
    /* A withheld number becomes "", and so it is stored. */
    (void)kol_phone_normalise(from, conf->default_country, from_text);
    (void)kol_phone_normalise(to, conf->default_country, to_text);
    const char *ours = kol_streq(way, "outbound") ? from_text : to_text;
    if (*ours)
        code = find_business(db, conf, call_id, ours, &business_id, err);
    if (code != KOL_OK)
        return code;
    code = kol_call_set_parties(db, call_id, way, from ? from_text : NULL, to ? to_text : NULL,
                                business_id, now_ms, err);
    return code == KOL_OK ? kol_call_relabel_realtime(db, call_id, now_ms, NULL, err) : code;
}

/* ---- jobs ---- */

/* Within a business calls go in the order they ended. */
static int64_t order_of(const struct kol_call *call, int64_t now_ms)
{
    return call->ended_at_ms ? call->ended_at_ms : now_ms;
}

static enum kol_code add_job(struct kol_db *db, const struct kol_call *call, const char *stage,
                             const char *subject, int64_t due_at_ms, const char *data,
                             int64_t now_ms, bool *ret_queued, struct kol_err *err)
{
    int64_t id = 0;
    const struct kol_job_new job = {
        .kind = "full",
        .stage = stage,
        .business_id = call->business_id,
        .call_id = call->id,
        .call_sid = call->call_sid,
        .subject = subject,
        .due_at_ms = due_at_ms,
        .order_key = order_of(call, now_ms),
        .data = data,
    };
    enum kol_code code = kol_queue_add(db, &job, now_ms, &id, err);

    *ret_queued = code == KOL_OK && id > 0;
    return code;
}

enum kol_code kol_road_queue_lookup(struct kol_db *db, const struct kol_conf *conf,
                                    const struct kol_call *call, bool at_once, int64_t now_ms,
                                    bool *ret_queued, struct kol_err *err)
{
    int64_t due_at_ms = at_once ? now_ms : now_ms + kol_road_wait_ms(conf, conf->lookup_after_s);
    enum kol_code code = add_job(db, call, "lookup", call->call_sid, due_at_ms,
                                 at_once ? "{\"asked\":true}" : NULL, now_ms, ret_queued, err);

    if (code != KOL_OK || *ret_queued || !at_once)
        return code;
    return kol_queue_hurry(db, "full", "lookup", call->call_sid, now_ms, err);
}

enum kol_code kol_road_queue_realtime(struct kol_db *db, const struct kol_conf *conf,
                                      const struct kol_call *call, int64_t now_ms,
                                      struct kol_err *err)
{
    int64_t wait_s = SOON_S;

    switch (call->offline_state) {
    case KOL_OFFLINE_DONE:
        return KOL_OK;
    case KOL_OFFLINE_NONE:
    case KOL_OFFLINE_PENDING:
        if (conf->worker)
            wait_s = conf->realtime_after_s;
        break;
    case KOL_OFFLINE_NO_SPEECH:
    case KOL_OFFLINE_DEAD:
        break;
    }
    return kol_stage_understand_at(db, call->id, call->call_sid, call->business_id,
                                   now_ms + kol_road_wait_ms(conf, wait_s), now_ms, err);
}

enum kol_code kol_road_end_offline(struct kol_db *db, const struct kol_call *call, int64_t now_ms,
                                   struct kol_err *err)
{
    /* What an earlier recording of this call gave stays. */
    if (call->offline_state == KOL_OFFLINE_DONE || call->offline_state == KOL_OFFLINE_NO_SPEECH)
        return KOL_OK;
    return kol_stage_offline_dead(db, call->id, call->call_sid, call->business_id, now_ms, err);
}

/* ---- recordings ---- */

static enum kol_code has_fetch(struct kol_db *db, struct kol_arena *a, const struct kol_call *call,
                               bool *ret, struct kol_err *err)
{
    const struct kol_job_filter filter = {
        .call_sid = call->call_sid, .stage = "fetch", .limit = 50};
    struct kol_job *jobs = NULL;
    size_t count = 0;
    enum kol_code code = kol_queue_list(db, a, &filter, &jobs, &count, err);

    *ret = false;
    for (size_t i = 0; code == KOL_OK && i < count; i++) {
        bool over = jobs[i].state == KOL_JOB_DEAD || jobs[i].state == KOL_JOB_CANCELLED;
        if (!over && kol_streq(jobs[i].kind, "full") &&
            kol_streq(jobs[i].subject, call->recording_sid))
            *ret = true;
    }
    return code;
}

enum kol_code kol_road_is_settled(struct kol_db *db, struct kol_arena *a,
                                  const struct kol_call *call, bool *ret, struct kol_err *err)
{
    *ret = call->fetch_state == KOL_FETCH_GONE;
    if (*ret || !call->recording_sid)
        return KOL_OK;
    return has_fetch(db, a, call, ret, err);
}

/* The call's recording has been made: fetch it, unless that was queued (or even done) before. */
static enum kol_code queue_fetch(struct kol_db *db, struct kol_arena *a,
                                 const struct kol_call *call, bool changed, int64_t now_ms,
                                 bool *ret_queued, struct kol_err *err)
{
    bool known = false;
    enum kol_code code = KOL_OK;

    if (!changed)
        code = has_fetch(db, a, call, &known, err);
    if (code == KOL_OK && !known)
        code = add_job(db, call, "fetch", call->recording_sid, 0, NULL, now_ms, ret_queued, err);
    if (code != KOL_OK || !*ret_queued)
        return code;

    bool local = call->fetch_state == KOL_FETCH_LOCAL &&
                 kol_streq(call->audio_recording_sid, call->recording_sid);
    if (!local)
        code = kol_call_set_fetch_state(db, call->id, KOL_FETCH_WAITING, NULL, 0, now_ms, err);
    if (code == KOL_OK)
        code = kol_call_set_offline_state(db, call->id, KOL_OFFLINE_PENDING, now_ms, err);
    return code;
}

const char *kol_road_gone_text(struct kol_arena *a, const char *status, int64_t error_code)
{
    const char *what = kol_twilio_error_text(error_code);

    if (!error_code)
        return status;
    return kol_arena_fmt(a, "%s, error %lld%s%s", status, (long long)error_code, what ? ": " : "",
                         what ? what : "");
}

static enum kol_code mark_gone(struct kol_db *db, struct kol_arena *a, const struct kol_call *call,
                               const struct kol_recording_row *r, int64_t now_ms,
                               struct kol_err *err)
{
    const char *reason = kol_arena_fmt(a, "Twilio has no recording: %s",
                                       kol_road_gone_text(a, r->status, r->error_code));
    enum kol_code code =
        kol_call_set_fetch_state(db, call->id, KOL_FETCH_GONE, reason, 0, now_ms, err);

    if (code != KOL_OK)
        return code;
    return kol_road_end_offline(db, call, now_ms, err);
}

static bool is_gone(const char *status)
{
    return kol_streq(status, "absent") || kol_streq(status, "failed") ||
           kol_streq(status, "deleted");
}

/* What was fetched is not lost when Twilio deletes it, or when we do. */
static bool is_here(const struct kol_call *call, const struct kol_recording *r)
{
    return call->fetch_state == KOL_FETCH_LOCAL &&
           kol_streq(call->audio_recording_sid, r->recording_sid);
}

enum kol_code kol_road_put_recording(struct kol_db *db, const struct kol_conf *conf,
                                     struct kol_arena *a, int64_t call_id,
                                     const struct kol_recording *r, int64_t now_ms,
                                     bool *ret_queued, struct kol_err *err)
{
    bool current = false, changed = false;
    struct kol_recording_row *now = NULL;
    struct kol_call *call = NULL;

    *ret_queued = false;
    enum kol_code code = kol_call_by_id(db, a, call_id, &call, err);
    if (code == KOL_OK && call && is_gone(r->status) && is_here(call, r))
        return KOL_OK;
    if (code == KOL_OK)
        code = kol_call_put_recording(db, call_id, r, now_ms, &current, &changed, err);
    if (code == KOL_OK)
        code = kol_call_by_id(db, a, call_id, &call, err);
    if (code == KOL_OK)
        code = kol_recording_by_sid(db, a, r->recording_sid, &now, err);
    if (code != KOL_OK)
        return code;
    if (!call || !now)
        return kol_fail(err, KOL_BUG, "a call is gone within its own change");

    /* Late news may have changed nothing: what counts is what is stored now. */
    bool gone = is_gone(r->status) && is_gone(now->status);
    if (gone && current)
        return mark_gone(db, a, call, now, now_ms, err);
    bool another = gone && changed; /* the next best one takes its place */
    bool made = kol_streq(r->status, "completed") && !is_gone(now->status) && current;
    if (!another && !made)
        return KOL_OK;
    code = queue_fetch(db, a, call, changed, now_ms, ret_queued, err);
    if (code == KOL_OK)
        code = kol_road_queue_realtime(db, conf, call, now_ms, err);
    return code;
}
