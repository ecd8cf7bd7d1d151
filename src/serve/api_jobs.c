/* api_jobs.c - the queue as operators see it: what waits, what died and why, try again, cancel. */
#include "base/clock.h"
#include "base/str.h"
#include "serve/api.h"
#include "serve/server.h"

void kol_api_jobs(struct kol_request *rq)
{
    struct kol_job_filter filter = {
        .state = kol_api_filter(rq, "state"),
        .stage = kol_api_filter(rq, "stage"),
        .call_sid = kol_api_filter(rq, "call_sid"),
    };
    struct kol_job *jobs = NULL;
    size_t count = 0;
    struct kol_err err;

    if (!kol_api_scope(rq, &filter.business_id) ||
        !kol_api_paging(rq, &filter.before_id, &filter.limit))
        return;
    struct kol_db *db = kol_request_db(rq);
    if (!db)
        return;
    enum kol_code code = kol_queue_list(db, rq->arena, &filter, &jobs, &count, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK) {
        kol_answer_err(rq, &err);
        return;
    }

    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, kol_shape_job(&jobs[i]));
    kol_api_answer_list(rq, "jobs", rows, filter.limit, count ? jobs[count - 1].id : 0);
}

/* The visible job of {id}; NULL after answering. */
static struct kol_job *load_job(struct kol_request *rq)
{
    struct kol_job *job = NULL;
    struct kol_err err;
    int64_t id = 0;
    struct kol_db *db = kol_request_db(rq);

    if (!db)
        return NULL;
    enum kol_code code = kol_parse_i64(rq->vars[0], &id)
                             ? kol_queue_by_id(db, rq->arena, id, &job, &err)
                             : kol_fail(&err, KOL_BAD_INPUT, "job id is no number");
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK) {
        kol_answer_err(rq, &err);
        return NULL;
    }
    if (job && kol_request_may_see(rq, job->business_id))
        return job;
    kol_answer_not_found(rq, "job");
    return NULL;
}

void kol_api_job(struct kol_request *rq)
{
    const struct kol_job *job = load_job(rq);

    if (job)
        kol_answer_json(rq, 200, kol_shape_job(job));
}

struct verdict {
    int64_t job_id;
    struct kol_principal who;
    const char *action; /* for the audit log */
    enum kol_code (*apply)(struct kol_db *db, int64_t id, int64_t now_ms, struct kol_err *err);
};

static enum kol_code save_verdict(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct verdict *v = arg;
    int64_t now_ms = kol_wall_ms();
    char subject[32];
    enum kol_code code = v->apply(db, v->job_id, now_ms, err);

    if (code != KOL_OK)
        return code;
    snprintf(subject, sizeof subject, "job %lld", (long long)v->job_id);
    return kol_audit_add(db, &v->who, v->action, subject, now_ms, err);
}

static void answer_verdict(struct kol_request *rq, enum kol_code code, const struct kol_err *err)
{
    if (code != KOL_OK) {
        kol_answer_err(rq, err);
        return;
    }
    kol_api_job(rq); /* as it is now */
}

static void judge(struct kol_request *rq, const char *action,
                  enum kol_code (*apply)(struct kol_db *, int64_t, int64_t, struct kol_err *))
{
    const struct kol_job *job = load_job(rq);
    struct verdict *v = kol_arena_alloc(rq->arena, sizeof *v);

    if (!job || !v)
        return;
    *v = (struct verdict){.job_id = job->id, .who = rq->who, .action = action, .apply = apply};
    kol_request_change(rq, save_verdict, v, answer_verdict);
}

void kol_api_job_retry(struct kol_request *rq)
{
    judge(rq, "job.retry", kol_queue_retry);
}

void kol_api_job_cancel(struct kol_request *rq)
{
    judge(rq, "job.cancel", kol_queue_cancel);
}
