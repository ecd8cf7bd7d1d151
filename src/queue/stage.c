#include "queue/stage.h"

#include "store/call.h"

enum kol_code kol_stage_understand_at(struct kol_db *db, int64_t call_id, const char *call_sid,
                                      int64_t business_id, int64_t due_at_ms, int64_t now_ms,
                                      struct kol_err *err)
{
    const struct kol_job_new job = {
        .kind = "full",
        .stage = "understand",
        .business_id = business_id,
        .call_id = call_id,
        .call_sid = call_sid,
        .subject = call_sid, /* the offline transcript's own job has the recording as subject */
        .due_at_ms = due_at_ms,
    };
    enum kol_code code = kol_queue_add(db, &job, now_ms, NULL, err);

    if (code == KOL_OK && due_at_ms > now_ms)
        return kol_db_run(db, KOL_SQL_understand_sooner,
                          KOL_ARGS(KOL_TEXT(call_sid), KOL_INT(due_at_ms)), NULL, err);
    if (code != KOL_OK)
        return code;
    return kol_queue_hurry(db, "full", "understand", call_sid, now_ms, err);
}

enum kol_code kol_stage_offline_dead(struct kol_db *db, int64_t call_id, const char *call_sid,
                                     int64_t business_id, int64_t now_ms, struct kol_err *err)
{
    enum kol_code code = kol_call_set_offline_state(db, call_id, KOL_OFFLINE_DEAD, now_ms, err);

    if (code != KOL_OK)
        return code;
    return kol_stage_understand_at(db, call_id, call_sid, business_id, now_ms, now_ms, err);
}
