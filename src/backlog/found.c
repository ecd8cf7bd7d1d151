#include "backlog/found.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/str.h"
#include "intake/road.h"
#include "store/business.h"
#include "store/reconcile.h"
#include "twilio/recording_url.h"

bool kol_found_is_over(const struct kol_rest_recording *r)
{
    return kol_streq(r->status, "completed") || kol_streq(r->status, "processing") ||
           kol_streq(r->status, "stopped");
}

bool kol_found_is_gone(const struct kol_rest_recording *r)
{
    return kol_streq(r->status, "deleted") || kol_streq(r->status, "absent") ||
           kol_streq(r->status, "failed");
}

enum kol_code kol_found_business(struct kol_db *db, const struct kol_conf *conf,
                                 const struct kol_rest_call *party, int64_t *ret,
                                 struct kol_err *err)
{
    char number[KOL_PHONE_TEXT] = "";
    bool outbound = kol_streq(kol_call_direction(party->direction), "outbound");

    *ret = 0;
    (void)kol_phone_normalise(outbound ? party->from : party->to, conf->default_country, number);
    return *number ? kol_business_by_number(db, number, party->account_sid,
                                            conf->twilio_account_sid, ret, err)
                   : KOL_OK;
}

static enum kol_code store_party(struct kol_db *db, const struct kol_found *f, int64_t call_id,
                                 int64_t now_ms, struct kol_err *err)
{
    const struct kol_rest_call *c = f->party;
    enum kol_code code =
        kol_road_set_parties(db, f->conf, call_id, c->direction, c->from, c->to, now_ms, err);

    if (code != KOL_OK || !kol_call_status_terminal(c->status))
        return code;
    return kol_call_set_status(db, call_id, c->status, 0, c->started_at_ms, c->ended_at_ms, now_ms,
                               err);
}

static enum kol_code store_recording(struct kol_db *db, struct kol_found *f, struct kol_arena *a,
                                     int64_t call_id, int64_t now_ms, struct kol_err *err)
{
    const struct kol_rest_recording *r = f->recording;
    const struct kol_recording recording = {
        .recording_sid = r->recording_sid,
        .account_sid = r->account_sid,
        .status = "completed", /* it is over; the fetch waits until the media are ready */
        .source = r->source,
        .url = kol_recording_url_make(a, r->account_sid, r->recording_sid),
        .duration = r->duration.seconds,
        .channels = r->channels,
        .started_at_ms = r->started_at_ms,
    };

    if (!recording.url)
        return kol_fail(err, KOL_NO_MEMORY, "store a recording: out of memory");
    return kol_road_put_recording(db, f->conf, a, call_id, &recording, now_ms, &f->ret_queued, err);
}

enum kol_code kol_found_store(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct kol_found *f = arg;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_call *call = NULL;
    int64_t call_id = 0, now_ms = kol_wall_ms();

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "store a recording: out of memory");
    f->ret_queued = false; /* may run again after a failed commit */
    enum kol_code code = kol_call_ensure(db, f->recording->call_sid, f->recording->account_sid,
                                         now_ms, &call_id, err);
    if (code == KOL_OK && f->party)
        code = store_party(db, f, call_id, now_ms, err);
    if (code == KOL_OK)
        code = store_recording(db, f, a, call_id, now_ms, err);
    if (code == KOL_OK && f->behind && f->ret_queued)
        code = kol_reconcile_put_behind(db, f->recording->recording_sid, err);
    if (code == KOL_OK)
        code = kol_call_by_id(db, a, call_id, &call, err);
    if (code == KOL_OK)
        f->ret_business_id = call ? call->business_id : 0;
    return code;
}

void kol_found_log(const struct kol_found *f)
{
    const struct kol_rest_recording *r = f->recording;
    KOL_ARENA a = kol_arena_new(0);
    const char *path =
        a ? kol_twilio_recording_path(a, r->account_sid, r->recording_sid, ".json") : NULL;

    if (path)
        kol_log_event(KOL_EV_FOUND_EXISTING, r->call_sid, path);
    if (!f->ret_queued)
        return;
    kol_log_event(KOL_EV_RECORDING_QUEUED, r->call_sid);
    kol_log_event(KOL_EV_JOB_ENQUEUED, r->call_sid);
}

enum kol_code kol_found_lost(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct kol_lost *l = arg;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_standing standing;
    int64_t now_ms = kol_wall_ms();
    bool queued = false;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "mark a recording as gone: out of memory");
    l->ret_marked = false;
    enum kol_code code = kol_reconcile_standing(db, l->recording_sid, &standing, err);
    if (code != KOL_OK || !standing.known || standing.gone || standing.local)
        return code; /* it came in the meantime */
    const struct kol_recording r = {
        .recording_sid = l->recording_sid,
        .account_sid = l->account_sid,
        .status = l->status,
        .duration = -1,
        .error_code = l->error_code,
    };
    code = kol_road_put_recording(db, l->conf, a, l->call_id, &r, now_ms, &queued, err);
    if (code == KOL_OK) /* a waiting fetch sees that and ends, without a request */
        code = kol_queue_hurry(db, "full", "fetch", l->recording_sid, now_ms, err);
    if (code == KOL_OK)
        code = kol_queue_hurry(db, "download", "fetch", l->recording_sid, now_ms, err);
    l->ret_marked = code == KOL_OK;
    return code;
}
