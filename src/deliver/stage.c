/*
 * stage.c - the stage "deliver": one event to one CRM, until it is taken or given up.
 *
 * The first run fixes the payload and stores it; only then is it sent, so that every attempt has
 * the same bytes under the same id. An event whose call has a newer one is not sent any more.
 */
#include "deliver/stage.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "deliver/payload.h"
#include "deliver/post.h"
#include "store/business.h"
#include <string.h>

enum { LONGEST_RETRY_AFTER_MS = 24 * 3600 * 1000 };

struct work {
    struct kol_delivery *delivery;
    struct kol_business *business;
    struct kol_call *call; /* when the payload is made */
    const char *payload;
    struct kol_webhook_answer answer;
    enum kol_code code; /* of the attempt */
    const char *error;
};

/* ---- fixing the payload ---- */

static enum kol_code save_payload(struct kol_db *db, struct kol_stage_run *run, struct kol_err *err)
{
    struct work *w = run->save_arg;

    return kol_delivery_fix_payload(db, w->delivery->id, w->business->webhook_url, w->payload, err);
}

static void say_which(struct kol_stage_run *run)
{
    const struct work *w = run->save_arg;

    switch (kol_payload_choice(w->call)) {
    case KOL_TRANSCRIPT_OFFLINE:
        kol_log_event(KOL_EV_WEBHOOK_OFFLINE, (long long)kol_utf8_count(w->call->final_transcript));
        break;
    case KOL_TRANSCRIPT_REALTIME:
        kol_log_event(KOL_EV_WEBHOOK_REALTIME,
                      (long long)kol_utf8_count(w->call->full_conversation));
        break;
    case KOL_TRANSCRIPT_NONE:
        kol_info("webhook: nobody spoke, neither transcript has words (no_speech)");
        break;
    }
}

static enum kol_code load_parts(struct kol_stage_run *run, struct work *w, struct kol_payload *p,
                                struct kol_err *err)
{
    struct kol_segment_row *segments = NULL;
    struct kol_lead *lead = NULL;
    enum kol_code code = kol_call_by_id(run->db, run->arena, w->delivery->call_id, &w->call, err);

    if (code != KOL_OK)
        return code;
    if (!w->call)
        return kol_fail(err, KOL_NOT_FOUND, "webhook: the call is gone");
    if (w->call->lead_id)
        code = kol_lead_by_id(run->db, run->arena, w->call->lead_id, &lead, err);
    if (code == KOL_OK)
        code = kol_segment_list(run->db, run->arena, w->call->id, false, &segments,
                                &p->segment_count, err);
    p->call = w->call;
    p->lead = lead;
    p->segments = segments;
    return code;
}

static enum kol_code fix_payload(struct kol_stage_run *run, struct work *w, struct kol_err *err)
{
    struct kol_payload p = {.type = w->delivery->type,
                            .at_ms = w->delivery->created_at_ms,
                            .version = w->delivery->version};
    enum kol_code code = load_parts(run, w, &p, err);

    if (code != KOL_OK)
        return code;
    w->payload = kol_payload_text(run->arena, &p);
    if (!w->payload)
        return kol_fail(err, KOL_NO_MEMORY, "webhook: out of memory");
    run->save = save_payload;
    run->save_arg = w;
    run->after = say_which;
    run->again = true; /* at once: it is sent when it is stored */
    return KOL_OK;
}

/* ---- sending ---- */

/* In the transaction that ends this run, whether it failed or not: the log of attempts. */
static enum kol_code save_attempt(struct kol_db *db, struct kol_stage_run *run, struct kol_err *err)
{
    const struct work *w = run->save_arg;
    const struct kol_delivery *d = w->delivery;
    int64_t now_ms = kol_wall_ms();

    if (w->code == KOL_CANCELLED) /* the server stops: not the receiver's fault */
        return KOL_OK;
    enum kol_code code = kol_delivery_log_attempt(db, d->id, d->attempts + 1, w->answer.status,
                                                  w->error, w->answer.took_ms, now_ms, err);
    if (code == KOL_OK && w->code == KOL_OK)
        code = kol_delivery_set_state(db, d->id, "delivered", now_ms, err);
    if (code == KOL_OK && w->code == KOL_GONE)
        code = kol_business_disable_webhook(db, d->business_id, now_ms, err);
    return code;
}

static enum kol_code send_payload(struct kol_stage_run *run, struct work *w, struct kol_err *err)
{
    const struct kol_webhook webhook = {
        .url = w->business->webhook_url,
        .secrets = w->business->webhook_secret,
        .id = w->delivery->id,
        .body = w->delivery->payload,
        .timeout_ms = run->env->conf->webhook_timeout_s * 1000,
        .stop = run->env->stopping,
    };

    w->code = kol_webhook_post(run->arena, run->state, &webhook, &w->answer, err);
    w->error = w->code == KOL_OK ? NULL : kol_arena_str(run->arena, err->msg);
    run->save = save_attempt;
    run->save_arg = w;
    run->retry_in_ms = w->answer.retry_after_ms < LONGEST_RETRY_AFTER_MS ? w->answer.retry_after_ms
                                                                         : LONGEST_RETRY_AFTER_MS;
    return w->code;
}

/* ---- a run ---- */

static enum kol_code save_superseded(struct kol_db *db, struct kol_stage_run *run,
                                     struct kol_err *err)
{
    const struct work *w = run->save_arg;

    return kol_delivery_set_state(db, w->delivery->id, "superseded", kol_wall_ms(), err);
}

/* A newer event says everything that this one says, and more. */
static enum kol_code has_newer(struct kol_stage_run *run, const struct work *w, bool *ret,
                               struct kol_err *err)
{
    struct kol_delivery *list = NULL;
    size_t count = 0;
    enum kol_code code =
        kol_delivery_list(run->db, run->arena, w->delivery->call_id, &list, &count, err);

    *ret = false;
    for (size_t i = 0; code == KOL_OK && i < count; i++)
        *ret |= list[i].version > w->delivery->version;
    return code;
}

static enum kol_code load(struct kol_stage_run *run, struct work *w, struct kol_err *err)
{
    enum kol_code code =
        kol_delivery_by_id(run->db, run->arena, run->job->subject, &w->delivery, err);

    if (code != KOL_OK)
        return code;
    if (!w->delivery)
        return kol_fail(err, KOL_NOT_FOUND, "webhook: there is no event %s", run->job->subject);
    code = kol_business_by_id(run->db, run->arena, w->delivery->business_id, &w->business, err);
    if (code == KOL_OK && !w->business)
        return kol_fail(err, KOL_NOT_FOUND, "webhook: the business is gone");
    return code;
}

static enum kol_code check_open(const struct work *w, struct kol_err *err)
{
    if (kol_str_empty(w->business->webhook_url))
        return kol_fail(err, KOL_NOT_FOUND, "the business has no webhook any more");
    if (w->business->webhook_disabled_at_ms)
        return kol_fail(
            err, KOL_GONE,
            "the webhook is disabled since it answered 410: kol business set brings it back");
    return KOL_OK;
}

static enum kol_code run_deliver(struct kol_stage_run *run, struct kol_err *err)
{
    struct work *w = kol_arena_alloc(run->arena, sizeof *w);
    bool newer = false;

    if (!w)
        return kol_fail(err, KOL_NO_MEMORY, "webhook: out of memory");
    enum kol_code code = load(run, w, err);
    if (code != KOL_OK)
        return code;
    if (kol_streq(w->delivery->state, "delivered"))
        return KOL_OK;
    code = has_newer(run, w, &newer, err);
    if (code != KOL_OK)
        return code;
    if (newer) {
        run->save = save_superseded;
        run->save_arg = w;
        return KOL_OK;
    }
    code = check_open(w, err);
    if (code != KOL_OK)
        return code;
    return w->delivery->payload ? send_payload(run, w, err) : fix_payload(run, w, err);
}

static enum kol_code bury(struct kol_db *db, const struct kol_job *job,
                          const struct kol_err *failure, int64_t now_ms, struct kol_err *err)
{
    (void)failure;
    return kol_delivery_set_state(db, job->subject, "dead", now_ms, err);
}

static enum kol_code open_stage(const struct kol_stage_env *env, void **ret, struct kol_err *err)
{
    struct kol_http *http = NULL;
    enum kol_code code = kol_http_new(env->conf, &http, err);

    if (code == KOL_OK)
        *ret = http;
    return code;
}

static void close_stage(void *state)
{
    kol_http_free(state);
}

const struct kol_stage kol_stage_deliver = {
    .name = "deliver",
    .open = open_stage,
    .close = close_stage,
    .run = run_deliver,
    .bury = bury,
    .retry = {.max_attempts = KOL_WEBHOOK_ATTEMPTS, .delay_ms = kol_webhook_delay_ms},
};
