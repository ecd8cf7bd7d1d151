/* steps.c - see fetch.h: one look at Twilio, and what it means for the plan. */
#include "base/log.h"
#include "base/str.h"
#include "intake/road.h"
#include "recording/fetch.h"

static bool is_gone(const char *status)
{
    return kol_streq(status, "absent") || kol_streq(status, "failed") ||
           kol_streq(status, "deleted");
}

static enum kol_seen judge(struct kol_fetch *f, const struct kol_rest_recording *r)
{
    if (is_gone(r->status)) {
        f->given = kol_road_gone_text(f->run->arena, r->status, r->error_code);
        f->gone_status = r->status;
        f->gone_error = r->error_code;
        return KOL_SEEN_GONE;
    }
    f->given = kol_arena_fmt(f->run->arena, "duration=%s", r->duration.given);
    return r->duration.seconds > 0 ? KOL_SEEN_READY : KOL_SEEN_NOT_READY;
}

static enum kol_code read_resource(struct kol_fetch *f, enum kol_seen *ret, struct kol_err *err)
{
    struct kol_rest_recording *r = kol_arena_alloc(f->run->arena, sizeof *r);

    if (!r)
        return kol_fail(err, KOL_NO_MEMORY, "fetch: out of memory");
    enum kol_code code = kol_twilio_recording(f->run->arena, f->run->state, f->ref.account_sid,
                                              f->ref.recording_sid, r, err);
    if (code == KOL_NOT_FOUND) {
        f->given = "404";
        *ret = KOL_SEEN_NOT_FOUND;
        return KOL_OK;
    }
    if (code != KOL_OK)
        return code;
    f->resource = r;
    f->plan.elsewhere = kol_twilio_media_is_elsewhere(f->run->state, r);
    f->plan.encrypted = r->encrypted;
    kol_log_event(KOL_EV_RECORDING_FETCHED, f->ref.recording_sid, r->duration.given);
    *ret = judge(f, r);
    return KOL_OK;
}

/* 404 is said of what is deleted and of what is too new; only the account's list tells them apart.
 */
static enum kol_code look_in_list(struct kol_fetch *f, enum kol_seen *ret, struct kol_err *err)
{
    struct kol_rest_recordings list = {0};
    enum kol_code code = kol_twilio_recordings_of_call(
        f->run->arena, f->run->state, f->ref.account_sid, f->call->call_sid, true, &list, err);

    if (code != KOL_OK && code != KOL_NOT_FOUND)
        return code;
    *ret = KOL_SEEN_NOT_FOUND;
    for (size_t i = 0; i < list.count; i++)
        if (kol_streq(list.items[i].recording_sid, f->ref.recording_sid))
            *ret = judge(f, &list.items[i]) == KOL_SEEN_GONE ? KOL_SEEN_GONE : KOL_SEEN_NOT_READY;
    if (*ret != KOL_SEEN_GONE)
        f->given = "404";
    return KOL_OK;
}

enum kol_code kol_fetch_take_step(struct kol_fetch *f, enum kol_seen *ret, struct kol_err *err)
{
    switch (f->plan.step) {
    case KOL_STEP_RESOURCE:
        return read_resource(f, ret, err);
    case KOL_STEP_LISTED:
        return look_in_list(f, ret, err);
    case KOL_STEP_MEDIA:
        return kol_fetch_media(f, ret, err);
    }
    return kol_fail(err, KOL_BUG, "fetch: unknown step");
}
