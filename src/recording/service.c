/* service.c - see service.h. */
#include "recording/service.h"
#include "base/clock.h"
#include "base/str.h"
#include "queue/queue.h"
#include <sys/stat.h>

enum {
    COMING_MS = 2000,        /* Retry-After of 202 */
    REFUSED_MS = 600 * 1000, /* an operator has to do something first */
    UNKNOWN_MS = 3600 * 1000,
    FIRST = 1 /* order_key of downloads: somebody sits and waits */
};

/* ---- looking ---- */

bool kol_recording_find_local(struct kol_arena *a, const struct kol_conf *conf,
                              const struct kol_call *call, const char **ret_path)
{
    struct stat st;

    /* A file of an earlier recording of this call is not this call's file any more. */
    if (kol_str_empty(call->audio_file) ||
        !kol_streq(call->audio_recording_sid, call->recording_sid))
        return false;
    const char *path = kol_arena_fmt(a, "%s/%s", conf->data_dir, call->audio_file);
    if (!path || stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != call->audio_bytes)
        return false;
    *ret_path = path;
    return true;
}

static int64_t until(int64_t at_ms, int64_t now_ms)
{
    if (!at_ms)
        return UNKNOWN_MS;
    return at_ms - now_ms > 1000 ? at_ms - now_ms : 1000;
}

static struct kol_recording_status not_local(const struct kol_call *call, int64_t now_ms)
{
    struct kol_recording_status s = {.answer = KOL_RECORDING_COMING, .retry_after_ms = COMING_MS};

    switch (call->fetch_state) {
    case KOL_FETCH_NONE:
    case KOL_FETCH_WAITING:
    case KOL_FETCH_LOCAL: /* the file was lost: fetched again */
        s.reason = "the recording is being fetched";
        break;
    case KOL_FETCH_GIVEN_UP:
        s.answer = KOL_RECORDING_LATER;
        s.reason = call->fetch_reason ? call->fetch_reason : "fetching has given up for now";
        s.retry_after_ms = until(call->fetch_next_at_ms, now_ms);
        break;
    case KOL_FETCH_REFUSED:
        s.answer = KOL_RECORDING_LATER;
        s.reason = call->fetch_reason ? call->fetch_reason : "Twilio refused the credentials";
        s.retry_after_ms = REFUSED_MS;
        break;
    case KOL_FETCH_GONE:
        s.answer = KOL_RECORDING_NONE;
        s.retry_after_ms = 0;
        s.reason = call->fetch_reason ? call->fetch_reason : "Twilio does not have it any more";
        break;
    }
    return s;
}

enum kol_code kol_recording_look(struct kol_arena *a, const struct kol_conf *conf,
                                 const struct kol_call *call, int64_t now_ms,
                                 struct kol_recording_status *ret, struct kol_err *err)
{
    const char *path = NULL;

    if (!call || kol_str_empty(call->recording_url) || kol_str_empty(call->recording_sid)) {
        bool gone = call && call->fetch_state == KOL_FETCH_GONE && call->fetch_reason;
        *ret = (struct kol_recording_status){.answer = KOL_RECORDING_NONE,
                                             .reason = gone ? call->fetch_reason
                                                            : "there is no recording of this call"};
        return KOL_OK;
    }
    if (kol_recording_find_local(a, conf, call, &path)) {
        *ret = (struct kol_recording_status){.answer = KOL_RECORDING_LOCAL,
                                             .path = path,
                                             .audio_file = call->audio_file,
                                             .bytes = call->audio_bytes,
                                             .sha256 = call->audio_sha256};
        return KOL_OK;
    }
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "look for a recording: out of memory");
    *ret = not_local(call, now_ms);
    return KOL_OK;
}

/* ---- asking for it ---- */

static bool is_unfinished(const struct kol_job *job)
{
    switch (job->state) {
    case KOL_JOB_SCHEDULED:
    case KOL_JOB_READY:
    case KOL_JOB_RUNNING:
    case KOL_JOB_PAUSED:
        return true;
    case KOL_JOB_DONE:
    case KOL_JOB_DEAD:
    case KOL_JOB_CANCELLED:
        break;
    }
    return false;
}

static enum kol_code fetch_jobs(struct kol_db *db, struct kol_arena *a, const struct kol_call *call,
                                struct kol_job **ret, size_t *ret_count, struct kol_err *err)
{
    const struct kol_job_filter filter = {
        .call_sid = call->call_sid, .stage = "fetch", .limit = 50};

    return kol_queue_list(db, a, &filter, ret, ret_count, err);
}

enum kol_code kol_recording_is_queued(struct kol_db *db, struct kol_arena *a,
                                      const struct kol_call *call, bool *ret, struct kol_err *err)
{
    struct kol_job *jobs = NULL;
    size_t count = 0;
    enum kol_code code = fetch_jobs(db, a, call, &jobs, &count, err);

    *ret = false;
    for (size_t i = 0; code == KOL_OK && i < count; i++)
        *ret |= kol_streq(jobs[i].kind, "download") && is_unfinished(&jobs[i]) &&
                kol_streq(jobs[i].subject, call->recording_sid);
    return code;
}

static enum kol_code add_download(struct kol_db *db, const struct kol_call *call, int64_t now_ms,
                                  bool *ret_queued, struct kol_err *err)
{
    int64_t id = 0;
    const struct kol_job_new job = {
        .kind = "download",
        .stage = "fetch",
        .business_id = call->business_id,
        .call_id = call->id,
        .call_sid = call->call_sid,
        .subject = call->recording_sid,
        .order_key = FIRST,
    };
    enum kol_code code = kol_queue_add(db, &job, now_ms, &id, err);

    *ret_queued = code == KOL_OK && id > 0;
    return code;
}

/* For something that may have changed since: credentials, a key, the settings. */
static bool waits_for_operator(const struct kol_job *job)
{
    enum kol_code code = kol_code_from_name(job->error_code);

    return code == KOL_REFUSED || code == KOL_ELSEWHERE || code == KOL_ENCRYPTED;
}

/* A person asked: whatever sleeps until tomorrow or waits for credentials tries once more now. */
static enum kol_code wake(struct kol_db *db, struct kol_arena *a, const struct kol_call *call,
                          int64_t now_ms, struct kol_err *err)
{
    struct kol_job *jobs = NULL;
    size_t count = 0;
    enum kol_code code = fetch_jobs(db, a, call, &jobs, &count, err);

    for (size_t i = 0; code == KOL_OK && i < count; i++) {
        bool ours = kol_streq(jobs[i].subject, call->recording_sid);
        if (ours && jobs[i].state == KOL_JOB_SCHEDULED)
            code = kol_queue_hurry(db, jobs[i].kind, "fetch", jobs[i].subject, now_ms, err);
        if (ours && jobs[i].state == KOL_JOB_PAUSED && waits_for_operator(&jobs[i]))
            code = kol_queue_retry(db, jobs[i].id, now_ms, err);
    }
    if (code != KOL_OK)
        return code;
    return kol_call_set_fetch_state(db, call->id, KOL_FETCH_WAITING, NULL, 0, now_ms, err);
}

enum kol_code kol_recording_prepare(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct kol_recording_prepare *p = arg;
    struct kol_recording_status status;
    struct kol_call *call = NULL;
    int64_t now_ms = kol_wall_ms();
    KOL_ARENA a = kol_arena_new(0);

    p->ret_queued = false;
    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "prepare a recording: out of memory");
    enum kol_code code = kol_call_by_sid(db, a, p->call_sid, &call, err);
    if (code == KOL_OK)
        code = kol_recording_look(a, p->conf, call, now_ms, &status, err);
    if (code != KOL_OK)
        return code;

    if (status.answer == KOL_RECORDING_LATER && p->hurry) {
        code = wake(db, a, call, now_ms, err);
        status.answer = KOL_RECORDING_COMING;
    }
    p->ret_answer = status.answer;
    if (code != KOL_OK || status.answer != KOL_RECORDING_COMING)
        return code;
    return add_download(db, call, now_ms, &p->ret_queued, err);
}
