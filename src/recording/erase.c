/*
 * erase.c - the stage "erase": what is safe here is deleted at Twilio, when its business wants
 * that.
 *
 * Queued with the end of a fetch, due after the business's days. Nothing is deleted that was not
 * read back from the disk first: same recording, same size, same SHA-256.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "recording/fetch.h"
#include "recording/retry.h"
#include "recording/service.h"
#include "recording/stage.h"
#include "store/access.h"
#include "store/business.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static const struct kol_principal self = {.name = "kol"};

/* ---- queueing ---- */

enum kol_code kol_erase_queue(struct kol_db *db, struct kol_arena *a, const struct kol_conf *conf,
                              const struct kol_call *call, const char *recording_sid,
                              int64_t now_ms, struct kol_err *err)
{
    struct kol_business *business = NULL;
    struct kol_recording_row *row = NULL;
    enum kol_code code = KOL_OK;

    if (!call->business_id)
        return KOL_OK;
    code = kol_business_by_id(db, a, call->business_id, &business, err);
    if (code != KOL_OK || !business || !business->deletes_remote)
        return code;
    code = kol_recording_by_sid(db, a, recording_sid, &row, err);
    if (code != KOL_OK || !row || row->remote_deleted_at_ms)
        return code;
    const struct kol_job_new job = {
        .kind = "full",
        .stage = "erase",
        .business_id = call->business_id,
        .call_id = call->id,
        .call_sid = call->call_sid,
        .subject = recording_sid,
        .due_at_ms = now_ms + business->delete_remote_after_days * DAY_MS / conf->test_wait_divisor,
    };
    return kol_queue_add(db, &job, now_ms, NULL, err);
}

/* ---- a run ---- */

struct work {
    struct kol_call *call;
    struct kol_recording_row *recording;
    bool was_there; /* 204, not 404 */
};

/* The business may have changed its mind, or its days, since the job was queued. */
static enum kol_code is_wanted(struct kol_stage_run *run, const struct kol_call *call, bool *ret,
                               struct kol_err *err)
{
    struct kol_business *business = NULL;
    enum kol_code code = kol_business_by_id(run->db, run->arena, call->business_id, &business, err);

    *ret = false;
    if (code != KOL_OK || !business || !business->deletes_remote)
        return code;
    int64_t due_at_ms =
        run->job->created_at_ms + business->delete_remote_after_days * DAY_MS / run->wait_divisor;
    *ret = due_at_ms <= kol_wall_ms();
    if (!*ret) {
        run->again = true;
        run->again_in_ms = (due_at_ms - kol_wall_ms()) * run->wait_divisor;
    }
    return KOL_OK;
}

/* Reads the file back: only then may the other copy go. */
static enum kol_code verify(const struct kol_stage_run *run, const struct work *w,
                            struct kol_err *err)
{
    const struct kol_call *call = w->call;
    const char *path = NULL;
    char sha256[65];

    if (!w->recording || w->recording->call_id != call->id ||
        !kol_streq(w->recording->account_sid, call->account_sid))
        return kol_fail(err, KOL_CONFLICT,
                        "kept at Twilio: the recording is not this call's, or another account's");
    if (!kol_streq(call->audio_recording_sid, run->job->subject))
        return kol_fail(err, KOL_CONFLICT,
                        "kept at Twilio: the file here is another recording of this call");
    struct kol_call as_fetched = *call; /* whichever recording is the call's by now */
    as_fetched.recording_sid = call->audio_recording_sid;
    if (!kol_recording_find_local(run->arena, run->env->conf, &as_fetched, &path))
        return kol_fail(err, KOL_NOT_READY,
                        "kept at Twilio: the file here is missing or has another size");
    enum kol_code code = kol_file_sha256(path, sha256, err);
    if (code == KOL_OK && !kol_streq(sha256, call->audio_sha256))
        return kol_fail(err, KOL_CONFLICT,
                        "kept at Twilio: the file here is not what was downloaded (SHA-256)");
    return code;
}

static enum kol_code save(struct kol_db *db, struct kol_stage_run *run, struct kol_err *err)
{
    const struct work *w = run->save_arg;
    int64_t now_ms = kol_wall_ms();
    enum kol_code code = kol_recording_set_remote_deleted(db, run->job->subject, now_ms, err);

    if (code != KOL_OK || !w->was_there)
        return code;
    return kol_audit_add(db, &self, "recording.delete_at_twilio", run->job->subject, now_ms, err);
}

static void after(struct kol_stage_run *run)
{
    const struct work *w = run->save_arg;

    kol_info("recording %s was %s", run->job->subject,
             w->was_there ? "deleted at Twilio: the file here is verified"
                          : "to be deleted at Twilio, which does not have it any more");
}

static enum kol_code run_erase(struct kol_stage_run *run, struct kol_err *err)
{
    struct work *w = kol_arena_alloc(run->arena, sizeof *w);
    bool wanted = false;

    if (!w)
        return kol_fail(err, KOL_NO_MEMORY, "delete at Twilio: out of memory");
    enum kol_code code = kol_call_by_id(run->db, run->arena, run->job->call_id, &w->call, err);
    if (code == KOL_OK && !w->call)
        code = kol_fail(err, KOL_NOT_FOUND, "delete at Twilio: the call is gone");
    if (code == KOL_OK)
        code = is_wanted(run, w->call, &wanted, err);
    run->end_of_road = true;
    if (code != KOL_OK || !wanted)
        return code;
    code = kol_recording_by_sid(run->db, run->arena, run->job->subject, &w->recording, err);
    if (code == KOL_OK)
        code = verify(run, w, err);
    if (code == KOL_OK)
        code = kol_twilio_delete_recording(run->arena, run->state, w->recording->account_sid,
                                           run->job->subject, &w->was_there, err);
    if (kol_recording_held_back(run, code))
        return KOL_OK;
    if (code != KOL_OK) {
        run->retry_in_ms = kol_twilio_retry_after_ms(run->state);
        return code;
    }
    run->save = save;
    run->save_arg = w;
    run->after = after;
    return KOL_OK;
}

const struct kol_stage kol_stage_erase = {
    .name = "erase",
    .open = kol_recording_open,
    .close = kol_recording_close,
    .run = run_erase,
    .retry = {.max_attempts = KOL_FETCH_ATTEMPTS, .delay_ms = kol_fetch_delay_ms},
};
