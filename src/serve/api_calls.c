/* api_calls.c - the list of calls, one call with all that is known of it, and the look-up on
 * request. */
#include "base/clock.h"
#include "base/str.h"
#include "conf/conf.h"
#include "intake/intake.h"
#include "serve/api.h"
#include "serve/server.h"
#include <string.h>

/* ---- the list ---- */

bool kol_api_call_filter(struct kol_request *rq, struct kol_call_filter *filter)
{
    const char *unassigned = kol_api_filter(rq, "unassigned");

    *filter = (struct kol_call_filter){
        .number_part = kol_api_number_part(rq, "number"),
        .city = kol_api_filter(rq, "city"),
        .service = kol_api_filter(rq, "service"),
        .unassigned = unassigned && rq->who.business_id == 0,
    };
    return kol_api_scope(rq, &filter->business_id) &&
           kol_api_paging(rq, &filter->before_id, &filter->limit);
}

void kol_api_calls(struct kol_request *rq)
{
    struct kol_call_filter filter;
    struct kol_call *calls = NULL;
    size_t count = 0;
    struct kol_err err;

    if (!kol_api_call_filter(rq, &filter))
        return;
    struct kol_db *db = kol_request_db(rq);
    if (!db)
        return;
    enum kol_code code =
        kol_api_dates(rq, db, filter.business_id, &filter.from_ms, &filter.to_ms, &err);
    if (code == KOL_OK)
        code = kol_call_list(db, rq->arena, &filter, &calls, &count, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK) {
        kol_answer_err(rq, &err);
        return;
    }

    /* Pages ask for the short form; programs get the transcripts with it. */
    bool with_text = !kol_streq(kol_api_filter(rq, "view"), "short");
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, kol_shape_call(&calls[i], with_text));
    kol_api_answer_list(rq, "calls", rows, filter.limit, count ? calls[count - 1].id : 0);
}

/* ---- one call ---- */

struct whole_call {
    struct kol_call *call;
    struct kol_segment_row *segments;
    struct kol_delivery *deliveries;
    struct kol_job *jobs;
    struct kol_lead *lead;
    struct kol_business *business;
    size_t segment_count, delivery_count, job_count;
};

static enum kol_code read_whole(struct kol_request *rq, struct kol_db *db, struct whole_call *w,
                                struct kol_err *err)
{
    struct kol_arena *a = rq->arena;
    enum kol_code code = kol_api_find_call(rq, db, &w->call, err);

    if (code != KOL_OK || !w->call)
        return code;
    const struct kol_job_filter jobs = {.call_sid = w->call->call_sid, .limit = 50};
    const bool dropped = kol_streq(kol_request_arg(rq, "dropped"), "1");
    code = kol_segment_list(db, a, w->call->id, dropped, &w->segments, &w->segment_count, err);
    if (code == KOL_OK)
        code = kol_delivery_list(db, a, w->call->id, &w->deliveries, &w->delivery_count, err);
    if (code == KOL_OK)
        code = kol_queue_list(db, a, &jobs, &w->jobs, &w->job_count, err);
    if (code == KOL_OK && w->call->lead_id)
        code = kol_lead_by_id(db, a, w->call->lead_id, &w->lead, err);
    if (code == KOL_OK && w->call->business_id)
        code = kol_business_by_id(db, a, w->call->business_id, &w->business, err);
    return code;
}

static void add_rows(json_t *json, const struct whole_call *w)
{
    json_t *segments = json_array(), *deliveries = json_array(), *jobs = json_array();

    for (size_t i = 0; i < w->segment_count; i++)
        json_array_append_new(segments, kol_shape_segment(&w->segments[i]));
    for (size_t i = 0; i < w->delivery_count; i++)
        json_array_append_new(deliveries, kol_shape_delivery(&w->deliveries[i]));
    for (size_t i = 0; i < w->job_count; i++)
        json_array_append_new(jobs, kol_shape_job(&w->jobs[i]));
    kol_json_set(json, "segments", segments);
    kol_json_set(json, "deliveries", deliveries);
    kol_json_set(json, "jobs", jobs);
}

static json_t *shape_whole(struct kol_request *rq, const struct whole_call *w)
{
    json_t *json = kol_shape_call(w->call, true);
    json_t *insight = NULL;

    if (w->call->insight &&
        kol_json_parse(w->call->insight, strlen(w->call->insight), &insight, NULL) != KOL_OK)
        insight = NULL;
    kol_json_set(json, "insight", insight ? insight : json_null());
    add_rows(json, w);
    kol_json_set(json, "lead", w->lead ? kol_shape_lead(w->lead, false) : json_null());
    kol_json_set(json, "business", w->business ? kol_shape_business(w->business) : json_null());
    kol_json_set(json, "warnings", kol_shape_warnings(rq->conf, w->business, w->business ? 1 : 0));
    return json;
}

void kol_api_call(struct kol_request *rq)
{
    struct whole_call w = {0};
    struct kol_err err;
    struct kol_db *db = kol_request_db(rq);

    if (!db)
        return;
    enum kol_code code = read_whole(rq, db, &w, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK)
        kol_answer_err(rq, &err);
    else if (!w.call)
        kol_answer_not_found(rq, "call");
    else
        kol_answer_json(rq, 200, shape_whole(rq, &w));
}

/* ---- POST .../trigger: look for a recording at Twilio now ---- */

static void answer_trigger(struct kol_request *rq, enum kol_code code, const struct kol_err *err)
{
    static const char *const words[] = {[KOL_TRIGGER_QUEUED] = "queued",
                                        [KOL_TRIGGER_UNDER_WAY] = "under_way",
                                        [KOL_TRIGGER_DONE] = "done"};
    const struct kol_intake_trigger *t = rq->data;

    if (code != KOL_OK) {
        kol_answer_err(rq, err);
        return;
    }
    json_t *json = json_object();
    kol_json_set_str(json, "call_sid", t->call_sid);
    kol_json_set_str(json, "status", words[t->ret]);
    kol_answer_json(rq, t->ret == KOL_TRIGGER_DONE ? 200 : 202, json);
}

/* A business may ask about its own calls; only the operator about ones that nobody has heard of. */
static bool may_trigger(struct kol_request *rq)
{
    struct kol_call *call = NULL;
    struct kol_err err;

    if (rq->who.business_id == 0)
        return true;
    struct kol_db *db = kol_request_db(rq);
    if (!db)
        return false;
    enum kol_code code = kol_api_find_call(rq, db, &call, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK)
        kol_answer_err(rq, &err);
    else if (!call)
        kol_answer_not_found(rq, "call");
    return call != NULL;
}

void kol_api_call_trigger(struct kol_request *rq)
{
    struct kol_intake_trigger *t = kol_arena_alloc(rq->arena, sizeof *t);

    if (!t || !may_trigger(rq))
        return;
    *t = (struct kol_intake_trigger){.conf = rq->conf, .call_sid = rq->vars[0]};
    if (rq->who.business_id == 0)
        t->account_sid = kol_api_filter(rq, "account");
    rq->data = t;
    kol_request_change(rq, kol_intake_trigger, t, answer_trigger);
}
