/* store.c - the part of intake.h that runs inside a change: event, call, recording and job at once.
 */
#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "intake/change.h"
#include "intake/lines.h"
#include "intake/road.h"
#include "queue/stage.h"
#include "store/business.h"
#include "store/call.h"
#include "store/channels.h"
#include "store/event.h"

enum { CALL_LONGEST_S = 4 * 3600 }; /* Twilio ends calls after four hours, unless asked for more */

static enum kol_code reload(struct kol_db *db, struct kol_intake_change *c, int64_t call_id,
                            struct kol_call **ret, struct kol_err *err)
{
    enum kol_code code = kol_call_by_id(db, c->arena, call_id, ret, err);

    if (code == KOL_OK && !*ret)
        return kol_fail(err, KOL_BUG, "a call is gone within its own change");
    return code;
}

/*
 * The call of a callback: found or made, and proved to be of the account and of the business that
 * the callback is about. What was seen before makes nothing.
 */
static enum kol_code find_call(struct kol_db *db, struct kol_intake_change *c, const char *call_sid,
                               const char *account_sid, int64_t now_ms, int64_t *ret_id,
                               struct kol_err *err)
{
    int64_t has = 0;
    bool fits = true;

    enum kol_code code = c->is_new ? kol_call_ensure(db, call_sid, account_sid, now_ms, ret_id, err)
                                   : kol_call_find(db, call_sid, account_sid, ret_id, err);
    if (code == KOL_OK)
        code = kol_call_business(db, *ret_id, &has, err);
    if (code != KOL_OK)
        return code;
    if (c->business_id && has && c->business_id != has)
        return kol_fail(err, KOL_FORBIDDEN, "call %s belongs to another business", call_sid);
    int64_t business_id = c->business_id ? c->business_id : has;
    if (!business_id)
        return KOL_OK; /* its numbers will tell */
    code = kol_business_has_account(db, business_id, account_sid, c->conf->twilio_account_sid,
                                    &fits, err);
    if (code == KOL_OK && !fits)
        return kol_fail(err, KOL_FORBIDDEN,
                        "business %lld is gone or belongs to another Twilio account",
                        (long long)business_id);
    if (code == KOL_OK && c->is_new && !has)
        code = kol_call_set_business(db, *ret_id, business_id, now_ms, err);
    return code;
}

/* A callback about nothing that is a call here: kept, but no call is made for it. */
static enum kol_code keep_event(struct kol_db *db, struct kol_intake_change *c,
                                struct kol_event_row event, int64_t now_ms, struct kol_err *err)
{
    bool fits = true;
    enum kol_code code = KOL_OK;

    event.params = c->params;
    if (!event.status)
        event.status = "";
    if (c->business_id)
        code = kol_business_has_account(db, c->business_id, event.account_sid,
                                        c->conf->twilio_account_sid, &fits, err);
    if (code == KOL_OK && !fits)
        return kol_fail(err, KOL_FORBIDDEN,
                        "business %lld is gone or belongs to another Twilio account",
                        (long long)c->business_id);
    return code == KOL_OK ? kol_event_add(db, &event, now_ms, &c->is_new, err) : code;
}

/* A callback: stored once, for the call that it is about. c->is_new false: nothing else is to be
 * done. */
static enum kol_code begin(struct kol_db *db, struct kol_intake_change *c,
                           struct kol_event_row event, int64_t now_ms, int64_t *ret_call_id,
                           struct kol_err *err)
{
    event.params = c->params;
    if (!event.status)
        event.status = "";
    enum kol_code code = kol_event_add(db, &event, now_ms, &c->is_new, err);
    if (code == KOL_OK)
        code = find_call(db, c, event.call_sid, event.account_sid, now_ms, ret_call_id, err);
    return code;
}

static enum kol_code put_recording(struct kol_db *db, struct kol_intake_change *c, int64_t call_id,
                                   int64_t now_ms, struct kol_err *err)
{
    const struct kol_recording_params *p = &c->recording;
    const struct kol_recording r = {
        .recording_sid = p->recording_sid,
        .account_sid = p->account_sid,
        .status = p->status ? p->status : "completed", /* <Record action>, end of the call */
        .source = p->source,
        .url = p->url,
        .duration = p->duration.seconds,
        .channels = p->channels,
        .error_code = p->error_code,
        .started_at_ms = p->started_at_ms,
        .by_callback = true,
    };

    return kol_road_put_recording(db, c->conf, c->arena, call_id, &r, now_ms, &c->queued, err);
}

/* ---- /webhook/recording_status and /webhook/handle_recording ---- */

static enum kol_code store_recording(struct kol_db *db, struct kol_intake_change *c, int64_t now_ms,
                                     struct kol_err *err)
{
    const struct kol_recording_params *p = &c->recording;
    bool action = c->kind == KOL_INTAKE_HANDLE_RECORDING;
    const struct kol_event_row event = {
        .account_sid = p->account_sid,
        .kind = action ? "record_action" : "recording",
        .subject = p->recording_sid,
        .status = p->status,
        .call_sid = p->call_sid ? p->call_sid : p->conference_sid,
    };
    int64_t call_id = 0;

    if (!p->call_sid) /* of a conference: the reconciler finds out which call it belongs to */
        return keep_event(db, c, event, now_ms, err);
    enum kol_code code = begin(db, c, event, now_ms, &call_id, err);
    if (code != KOL_OK || !c->is_new)
        return code;
    if (action) /* carries the numbers, the status callback does not */
        code = kol_road_set_parties(db, c->conf, call_id, c->call.direction, c->call.from,
                                    c->call.to, now_ms, err);
    if (code == KOL_OK)
        code = put_recording(db, c, call_id, now_ms, err);
    return code;
}

/* ---- /webhook/call_status ---- */

static enum kol_code set_status(struct kol_db *db, const struct kol_call_params *p, int64_t call_id,
                                int64_t now_ms, struct kol_err *err)
{
    int64_t at_ms = p->at_ms ? p->at_ms : now_ms;
    int64_t started = 0, ended = 0;

    if (kol_call_status_terminal(p->status)) {
        ended = at_ms;
        started = p->seconds >= 0 ? at_ms - p->seconds * 1000 : 0;
    } else if (kol_streq(p->status, "in-progress")) {
        started = at_ms;
    }
    return kol_call_set_status(db, call_id, p->status, p->sequence, started, ended, now_ms, err);
}

/* The call is over: its recording comes by callback or must be looked for, its words are used. */
static enum kol_code end_call(struct kol_db *db, struct kol_intake_change *c, int64_t call_id,
                              int64_t now_ms, struct kol_err *err)
{
    struct kol_call *call = NULL;
    bool queued = false, settled = false;
    enum kol_code code = reload(db, c, call_id, &call, err);

    if (code == KOL_OK)
        code = kol_road_is_settled(db, c->arena, call, &settled, err);
    if (code == KOL_OK && !settled)
        code = kol_road_queue_lookup(db, c->conf, call, false, now_ms, &queued, err);
    if (code == KOL_OK)
        code = kol_road_queue_realtime(db, c->conf, call, now_ms, err);
    return code;
}

/*
 * The other end of a transfer (<Dial>): its recording is the parent's, so it is no call of its own
 * and no lead, unless a recording was made of this very leg.
 */
static enum kol_code is_mere_leg(struct kol_db *db, struct kol_intake_change *c, bool *ret,
                                 struct kol_err *err)
{
    int64_t known = 0;

    *ret = false;
    if (!c->call.parent_call_sid || c->has_recording)
        return KOL_OK;
    enum kol_code code = kol_call_find(db, c->call.call_sid, c->call.account_sid, &known, err);
    *ret = code == KOL_OK && known == 0;
    return code;
}

static enum kol_code store_call_status(struct kol_db *db, struct kol_intake_change *c,
                                       int64_t now_ms, struct kol_err *err)
{
    const struct kol_call_params *p = &c->call;
    const struct kol_event_row event = {
        .account_sid = p->account_sid,
        .kind = "call_status",
        .subject = p->call_sid,
        .status = p->status,
        .sequence = p->sequence,
        .call_sid = p->call_sid,
    };
    int64_t call_id = 0;
    bool leg = false;

    enum kol_code code = is_mere_leg(db, c, &leg, err);
    if (code == KOL_OK && leg)
        return keep_event(db, c, event, now_ms, err);
    if (code == KOL_OK)
        code = begin(db, c, event, now_ms, &call_id, err);
    if (code != KOL_OK || !c->is_new)
        return code;
    code = kol_road_set_parties(db, c->conf, call_id, p->direction, p->from, p->to, now_ms, err);
    if (code == KOL_OK)
        code = set_status(db, p, call_id, now_ms, err);
    if (code == KOL_OK && c->has_recording)
        code = put_recording(db, c, call_id, now_ms, err);
    if (code == KOL_OK && kol_streq(p->status, "completed"))
        code = end_call(db, c, call_id, now_ms, err);
    return code;
}

/* ---- /webhook/transcription ---- */

/* What a person of the business and of the customer said; "agent", "customer". */
static enum kol_code find_role(struct kol_db *db, struct kol_intake_change *c,
                               const struct kol_call *call, const char **ret, struct kol_err *err)
{
    struct kol_business *business = NULL;
    enum kol_code code = KOL_OK;

    if (call->business_id)
        code = kol_business_by_id(db, c->arena, call->business_id, &business, err);
    *ret = kol_track_role(business ? business->channel_map : NULL, call->direction,
                          c->transcription.outbound);
    return code;
}

static enum kol_code add_line(struct kol_db *db, struct kol_intake_change *c,
                              const struct kol_call *call, int64_t now_ms, bool *ret_new,
                              struct kol_err *err)
{
    const struct kol_transcription_params *p = &c->transcription;
    const char *role = NULL;
    enum kol_code code = find_role(db, c, call, &role, err);

    if (code != KOL_OK)
        return code;
    const struct kol_realtime_line line = {
        .transcription_sid = p->transcription_sid ? p->transcription_sid : p->call_sid,
        .sequence = p->sequence,
        .outbound = p->outbound,
        .role = role,
        .text = p->transcript,
        .at_ms = p->at_ms ? p->at_ms : now_ms,
    };

    return kol_intake_add_line(db, c->arena, call->id, line, now_ms, ret_new, err);
}

/* Does anything follow from it now? The end of the call is what counts; it is told by its own
 * callback, where there is one. */
static enum kol_code after_transcription(struct kol_db *db, struct kol_intake_change *c,
                                         const struct kol_call *call, bool line_is_new,
                                         int64_t now_ms, struct kol_err *err)
{
    const bool goes_on = call->status && !kol_call_status_terminal(call->status);

    if (line_is_new && call->ended_at_ms) /* late */
        return kol_road_queue_realtime(db, c->conf, call, now_ms, err);
    if (!kol_streq(c->transcription.event, "stopped"))
        return KOL_OK;
    if (!goes_on)
        return kol_road_queue_realtime(db, c->conf, call, now_ms, err);
    /* One of several transcriptions of the call has ended. Should its end never be told: */
    return kol_stage_understand_at(
        db, call->id, call->call_sid, call->business_id,
        now_ms + kol_road_wait_ms(c->conf, c->conf->realtime_after_s + CALL_LONGEST_S), now_ms,
        err);
}

static enum kol_code store_transcription(struct kol_db *db, struct kol_intake_change *c,
                                         int64_t now_ms, struct kol_err *err)
{
    const struct kol_transcription_params *p = &c->transcription;
    const struct kol_event_row event = {
        .account_sid = p->account_sid,
        .kind = "transcription",
        .subject = p->transcription_sid ? p->transcription_sid : p->call_sid,
        /* Should the tracks count each for itself, none is taken for a repeat of the other. */
        .status = p->outbound ? kol_arena_fmt(c->arena, "%s outbound", p->event) : p->event,
        .sequence = p->sequence,
        .call_sid = p->call_sid,
    };
    bool content = kol_streq(p->event, "content"), line_is_new = false;
    bool words = content && *p->transcript;
    struct kol_call *call = NULL;
    int64_t call_id = 0;

    if (content && !p->final) /* its words come again in a final one: c->is_new stays false */
        return find_call(db, c, p->call_sid, p->account_sid, now_ms, &call_id, err);
    enum kol_code code = begin(db, c, event, now_ms, &call_id, err);
    if (code != KOL_OK || !c->is_new)
        return code;
    if (p->transcription_sid)
        code = kol_call_check_transcription(db, call_id, p->transcription_sid, err);
    if (code == KOL_OK)
        code = reload(db, c, call_id, &call, err);
    if (code == KOL_OK && words)
        code = add_line(db, c, call, now_ms, &line_is_new, err);
    if (code == KOL_OK && p->error)
        code = kol_call_set_realtime_error(db, call_id, p->error, now_ms, err);
    if (code != KOL_OK)
        return code;
    return after_transcription(db, c, call, line_is_new, now_ms, err);
}

/* ---- entrances ---- */

enum kol_code kol_intake_store(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct kol_intake_change *c = arg;
    int64_t now_ms = kol_wall_ms();

    c->is_new = false; /* may run again after a failed commit */
    c->queued = false;
    switch (c->kind) {
    case KOL_INTAKE_RECORDING_STATUS:
    case KOL_INTAKE_HANDLE_RECORDING:
        return store_recording(db, c, now_ms, err);
    case KOL_INTAKE_CALL_STATUS:
        return store_call_status(db, c, now_ms, err);
    case KOL_INTAKE_TRANSCRIPTION:
        return store_transcription(db, c, now_ms, err);
    case KOL_INTAKE_SELF_TEST:
        break; /* answered without a change */
    }
    return kol_fail(err, KOL_BUG, "unknown callback");
}

/* A call's own account; for one that nobody has heard of, the one that was named. */
static enum kol_code find_asked_call(struct kol_db *db, struct kol_arena *a,
                                     const struct kol_intake_trigger *t, int64_t now_ms,
                                     struct kol_call **ret, struct kol_err *err)
{
    const char *account_sid = t->account_sid ? t->account_sid : t->conf->twilio_account_sid;
    int64_t call_id = 0;
    enum kol_code code = kol_call_by_sid(db, a, t->call_sid, ret, err);

    if (code != KOL_OK || (*ret && !t->account_sid))
        return code;
    if (!kol_sid_valid(account_sid, "AC"))
        return kol_fail(err, KOL_BAD_CONFIG, "no account: name one, or set twilio_account_sid");
    code = kol_call_ensure(db, t->call_sid, account_sid, now_ms, &call_id, err);
    if (code == KOL_OK)
        code = kol_call_by_id(db, a, call_id, ret, err);
    if (code == KOL_OK && !*ret)
        return kol_fail(err, KOL_BUG, "a call is gone within its own change");
    return code;
}

enum kol_code kol_intake_trigger(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct kol_intake_trigger *t = arg;
    KOL_ARENA a = kol_arena_new(0);
    int64_t now_ms = kol_wall_ms();
    struct kol_call *call = NULL;
    bool settled = false, queued = false;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "look up a recording: out of memory");
    if (!kol_sid_valid(t->call_sid, "CA"))
        return kol_fail(err, KOL_BAD_INPUT, "not a call SID: CA and 32 digits of 0-9, a-f");
    enum kol_code code = find_asked_call(db, a, t, now_ms, &call, err);
    /* Who asks for one that was gone wants Twilio to be asked again. */
    if (code == KOL_OK && call->fetch_state != KOL_FETCH_GONE)
        code = kol_road_is_settled(db, a, call, &settled, err);
    if (code == KOL_OK && settled) {
        t->ret = call->fetch_state == KOL_FETCH_LOCAL ? KOL_TRIGGER_DONE : KOL_TRIGGER_UNDER_WAY;
        return KOL_OK;
    }
    if (code == KOL_OK)
        code = kol_road_queue_lookup(db, t->conf, call, true, now_ms, &queued, err);
    t->ret = queued ? KOL_TRIGGER_QUEUED : KOL_TRIGGER_UNDER_WAY;
    return code;
}
