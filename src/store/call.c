#include "store/call.h"

#include "base/str.h"
#include "store/search.h"

#include <string.h>

static const char *const fetch_names[] = {
#define X(code, name) [KOL_FETCH_##code] = name,
    KOL_FETCH_STATES(X)
#undef X
};

static const char *const offline_names[] = {
#define X(code, name) [KOL_OFFLINE_##code] = name,
    KOL_OFFLINE_STATES(X)
#undef X
};

const char *kol_fetch_state_name(enum kol_fetch_state state)
{
    return fetch_names[state];
}

const char *kol_offline_state_name(enum kol_offline_state state)
{
    return offline_names[state];
}

static int index_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (kol_streq(names[i], name))
            return (int)i;
    return 0;
}

/* ---- reading ---- */

/* The columns of sql/call.sql's call_brief, in their order; returns the number of the next one. */
static int read_head(struct kol_arena *a, struct kol_stmt *st, struct kol_call *c)
{
    int i = 0;

    c->id = kol_col_int(st, i++);
    c->call_sid = kol_col_dup(a, st, i++);
    c->account_sid = kol_col_dup(a, st, i++);
    c->business_id = kol_col_int(st, i++);
    c->lead_id = kol_col_int(st, i++);
    c->direction = kol_col_dup(a, st, i++);
    c->from_number = kol_col_dup(a, st, i++);
    c->to_number = kol_col_dup(a, st, i++);
    c->status = kol_col_dup(a, st, i++);
    c->recording_url = kol_col_dup(a, st, i++);
    c->recording_sid = kol_col_dup(a, st, i++);
    c->recording_source = kol_col_dup(a, st, i++);
    c->duration = kol_col_int(st, i++);
    c->channels = (int)kol_col_int(st, i++);
    c->started_at_ms = kol_col_int(st, i++);
    c->ended_at_ms = kol_col_int(st, i++);
    c->created_at_ms = kol_col_int(st, i++);
    c->updated_at_ms = kol_col_int(st, i++);
    c->fetch_state =
        (enum kol_fetch_state)index_of(fetch_names, KOL_COUNT(fetch_names), kol_col_text(st, i++));
    c->fetch_reason = kol_col_dup(a, st, i++);
    c->fetch_next_at_ms = kol_col_int(st, i++);
    c->audio_file = kol_col_dup(a, st, i++);
    c->audio_recording_sid = kol_col_dup(a, st, i++);
    c->audio_bytes = kol_col_int(st, i++);
    c->audio_sha256 = kol_col_dup(a, st, i++);
    c->offline_state = (enum kol_offline_state)index_of(offline_names, KOL_COUNT(offline_names),
                                                        kol_col_text(st, i++));
    return i;
}

static void read_brief(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    struct kol_call *c = row;

    (void)read_head(a, st, c);
    c->extraction_confidence = -1;
}

/* Those of call_columns: the same, and more. */
static void read_call(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    struct kol_call *c = row;
    int i = read_head(a, st, c);

    c->final_transcript = kol_col_dup(a, st, i++);
    c->full_conversation = kol_col_dup(a, st, i++);
    c->language = kol_col_dup(a, st, i++);
    c->model = kol_col_dup(a, st, i++);
    c->transcript_source = kol_col_dup(a, st, i++);
    c->summary = kol_col_dup(a, st, i++);
    c->extracted_service = kol_col_dup(a, st, i++);
    c->extracted_city = kol_col_dup(a, st, i++);
    c->extraction_confidence = kol_col_null(st, i) ? -1.0 : kol_col_real(st, i);
    i++;
    c->insight = kol_col_dup(a, st, i++);
    c->version = kol_col_int(st, i++);
    c->transcript_channels = (int)kol_col_int(st, i++);
    c->channels_reason = kol_col_dup(a, st, i++);
    c->realtime_error = kol_col_dup(a, st, i++);
    c->remote_deleted_at_ms = kol_col_int(st, i);
}

static enum kol_code read_one(struct kol_db *db, struct kol_arena *a, enum kol_sql id,
                              struct kol_args args, struct kol_call **ret, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, id, args, sizeof(struct kol_call), 1, read_call, &rows, err);

    if (code == KOL_OK)
        *ret = rows.rows;
    return code;
}

enum kol_code kol_call_by_sid(struct kol_db *db, struct kol_arena *a, const char *call_sid,
                              struct kol_call **ret, struct kol_err *err)
{
    return read_one(db, a, KOL_SQL_call_by_sid, KOL_ARGS(KOL_TEXT(call_sid)), ret, err);
}

enum kol_code kol_call_brief(struct kol_db *db, struct kol_arena *a, const char *call_sid,
                             struct kol_call **ret, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code = kol_db_rows(db, a, KOL_SQL_call_brief, KOL_ARGS(KOL_TEXT(call_sid)),
                                     sizeof(struct kol_call), 1, read_brief, &rows, err);

    if (code == KOL_OK)
        *ret = rows.rows;
    return code;
}

enum kol_code kol_call_by_id(struct kol_db *db, struct kol_arena *a, int64_t id,
                             struct kol_call **ret, struct kol_err *err)
{
    return read_one(db, a, KOL_SQL_call_by_id, KOL_ARGS(KOL_INT(id)), ret, err);
}

enum kol_code kol_call_list(struct kol_db *db, struct kol_arena *a,
                            const struct kol_call_filter *filter, struct kol_call **ret,
                            size_t *ret_count, struct kol_err *err)
{
    const size_t limit = filter->limit > 0 && filter->limit < 200 ? (size_t)filter->limit : 200;
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, KOL_SQL_call_list,
                    KOL_ARGS(KOL_INT(filter->business_id), KOL_INT(filter->unassigned),
                             KOL_TEXT(filter->number_part), KOL_TEXT(filter->city),
                             KOL_TEXT(filter->service), KOL_INT(filter->from_ms),
                             KOL_INT(filter->to_ms), KOL_INT(filter->before_id), KOL_INT(limit)),
                    sizeof(struct kol_call), limit, read_call, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

/* ---- changes ---- */

enum kol_code kol_call_find(struct kol_db *db, const char *call_sid, const char *account_sid,
                            int64_t *ret_id, struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    enum kol_code code =
        kol_db_query(db, KOL_SQL_call_account, KOL_ARGS(KOL_TEXT(call_sid)), &st, err);

    *ret_id = 0;
    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code != KOL_OK || !row)
        return code;
    if (!kol_streq(kol_col_text(st, 1), account_sid))
        return kol_fail(err, KOL_FORBIDDEN, "call %s belongs to another account", call_sid);
    *ret_id = kol_col_int(st, 0);
    return KOL_OK;
}

enum kol_code kol_call_ensure(struct kol_db *db, const char *call_sid, const char *account_sid,
                              int64_t now_ms, int64_t *ret_id, struct kol_err *err)
{
    enum kol_code code =
        kol_db_run(db, KOL_SQL_call_insert,
                   KOL_ARGS(KOL_TEXT(call_sid), KOL_TEXT(account_sid), KOL_INT(now_ms)), NULL, err);

    if (code == KOL_OK)
        code = kol_call_find(db, call_sid, account_sid, ret_id, err);
    if (code == KOL_OK && *ret_id == 0)
        return kol_fail(err, KOL_BUG, "call %s is not there after it was added", call_sid);
    return code;
}

enum kol_code kol_call_business(struct kol_db *db, int64_t id, int64_t *ret, struct kol_err *err)
{
    return kol_db_get_int(db, KOL_SQL_call_business_by_id, KOL_ARGS(KOL_INT(id)), 0, ret, err);
}

enum kol_code kol_call_set_parties(struct kol_db *db, int64_t id, const char *direction,
                                   const char *from_number, const char *to_number,
                                   int64_t business_id, int64_t now_ms, struct kol_err *err)
{
    enum kol_code code =
        kol_db_run(db, KOL_SQL_call_set_parties,
                   KOL_ARGS(KOL_INT(id), KOL_TEXT(direction), KOL_TEXT(from_number),
                            KOL_TEXT(to_number), KOL_INT_OR_NULL(business_id), KOL_INT(now_ms)),
                   NULL, err);

    if (code != KOL_OK || business_id == 0)
        return code;
    /* Jobs that were queued before the business was known join its turn. */
    return kol_db_run(db, KOL_SQL_call_jobs_set_business, KOL_ARGS(KOL_INT(id)), NULL, err);
}

enum kol_code kol_call_set_business(struct kol_db *db, int64_t id, int64_t business_id,
                                    int64_t now_ms, struct kol_err *err)
{
    enum kol_code code =
        kol_db_run(db, KOL_SQL_call_set_business,
                   KOL_ARGS(KOL_INT(id), KOL_INT(business_id), KOL_INT(now_ms)), NULL, err);

    if (code != KOL_OK)
        return code;
    return kol_db_run(db, KOL_SQL_call_jobs_set_business, KOL_ARGS(KOL_INT(id)), NULL, err);
}

enum kol_code kol_call_account(struct kol_db *db, struct kol_arena *a, int64_t id, const char **ret,
                               struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row = false;
    enum kol_code code =
        kol_db_query(db, KOL_SQL_call_account_by_id, KOL_ARGS(KOL_INT(id)), &st, err);

    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code == KOL_OK)
        *ret = row ? kol_col_dup(a, st, 0) : NULL;
    return code;
}

enum kol_code kol_call_set_status(struct kol_db *db, int64_t id, const char *status,
                                  int64_t sequence, int64_t started_at_ms, int64_t ended_at_ms,
                                  int64_t now_ms, struct kol_err *err)
{
    enum kol_code code = kol_db_run(
        db, KOL_SQL_call_set_status,
        KOL_ARGS(KOL_INT(id), KOL_TEXT(status), KOL_INT(sequence), KOL_INT(now_ms)), NULL, err);

    if (code != KOL_OK)
        return code;
    return kol_db_run(
        db, KOL_SQL_call_set_times,
        KOL_ARGS(KOL_INT(id), KOL_INT_OR_NULL(started_at_ms), KOL_INT_OR_NULL(ended_at_ms)), NULL,
        err);
}

static void read_recording(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    struct kol_recording_row *r = row;

    r->recording_sid = kol_col_dup(a, st, 0);
    r->call_id = kol_col_int(st, 1);
    r->account_sid = kol_col_dup(a, st, 2);
    r->status = kol_col_dup(a, st, 3);
    r->error_code = kol_col_int(st, 4);
    r->remote_deleted_at_ms = kol_col_int(st, 5);
}

enum kol_code kol_recording_by_sid(struct kol_db *db, struct kol_arena *a,
                                   const char *recording_sid, struct kol_recording_row **ret,
                                   struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, KOL_SQL_recording_by_sid, KOL_ARGS(KOL_TEXT(recording_sid)),
                    sizeof(struct kol_recording_row), 1, read_recording, &rows, err);

    if (code == KOL_OK)
        *ret = rows.rows;
    return code;
}

enum kol_code kol_recording_set_remote_deleted(struct kol_db *db, const char *recording_sid,
                                               int64_t now_ms, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_recording_set_remote_deleted,
                      KOL_ARGS(KOL_TEXT(recording_sid), KOL_INT(now_ms)), NULL, err);
}

/* Makes the best recording of a call the call's own. */
static enum kol_code choose_recording(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                      int64_t now_ms, const char **ret_best, bool *ret_changed,
                                      struct kol_err *err)
{
    KOL_STMT before = NULL;
    KOL_STMT best = NULL;
    bool row;
    enum kol_code code =
        kol_db_query(db, KOL_SQL_call_recording_sid, KOL_ARGS(KOL_INT(call_id)), &before, err);

    if (code == KOL_OK)
        code = kol_step(before, &row, err);
    if (code == KOL_OK)
        code = kol_db_query(db, KOL_SQL_recording_best, KOL_ARGS(KOL_INT(call_id)), &best, err);
    if (code == KOL_OK)
        code = kol_step(best, &row, err);
    if (code != KOL_OK)
        return code;
    if (!row)
        return kol_fail(err, KOL_BUG, "a call has no recording after one was added");
    *ret_best = kol_col_dup(a, best, 0);
    *ret_changed = !kol_streq(kol_col_text(before, 0), *ret_best);
    return kol_db_run(db, KOL_SQL_call_set_recording,
                      KOL_ARGS(KOL_INT(call_id), KOL_TEXT(*ret_best),
                               KOL_TEXT(kol_col_text(best, 1)), KOL_TEXT(kol_col_text(best, 2)),
                               KOL_INT(kol_col_int(best, 3)), KOL_INT(kol_col_int(best, 4)),
                               KOL_INT(now_ms)),
                      NULL, err);
}

enum kol_code kol_call_put_recording(struct kol_db *db, int64_t call_id,
                                     const struct kol_recording *r, int64_t now_ms,
                                     bool *ret_current, bool *ret_changed, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    const char *best = NULL;
    int64_t changes = 0;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "store a recording: out of memory");
    enum kol_code code = kol_db_run(
        db, KOL_SQL_recording_put,
        KOL_ARGS(KOL_TEXT(r->recording_sid), KOL_INT(call_id), KOL_TEXT(r->account_sid),
                 KOL_TEXT(r->status), KOL_TEXT(r->source), KOL_TEXT(r->url), KOL_INT(r->duration),
                 KOL_INT(r->channels), KOL_INT(r->error_code), KOL_INT_OR_NULL(r->started_at_ms),
                 KOL_INT(now_ms), KOL_INT(r->by_callback)),
        &changes, err);
    if (code != KOL_OK)
        return code;
    if (changes == 0)
        return kol_fail(err, KOL_CONFLICT, "recording %s belongs to another call",
                        r->recording_sid);
    code = choose_recording(db, a, call_id, now_ms, &best, ret_changed, err);
    if (code == KOL_OK)
        *ret_current = kol_streq(best, r->recording_sid);
    return code;
}

enum kol_code kol_call_set_duration(struct kol_db *db, int64_t id, const char *recording_sid,
                                    int64_t duration, int channels, const char *source,
                                    int64_t now_ms, struct kol_err *err)
{
    const struct kol_args args = KOL_ARGS(KOL_INT(id), KOL_TEXT(recording_sid), KOL_INT(duration),
                                          KOL_INT(channels), KOL_TEXT(source), KOL_INT(now_ms));
    enum kol_code code = kol_db_run(db, KOL_SQL_recording_set_duration, args, NULL, err);

    if (code != KOL_OK)
        return code;
    return kol_db_run(db, KOL_SQL_call_set_duration, args, NULL, err);
}

enum kol_code kol_call_set_fetch_state(struct kol_db *db, int64_t id, enum kol_fetch_state state,
                                       const char *reason, int64_t next_at_ms, int64_t now_ms,
                                       struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_call_set_fetch_state,
                      KOL_ARGS(KOL_INT(id), KOL_TEXT(fetch_names[state]), KOL_TEXT(reason),
                               KOL_INT_OR_NULL(next_at_ms), KOL_INT(now_ms)),
                      NULL, err);
}

enum kol_code kol_call_set_audio(struct kol_db *db, int64_t id, const char *recording_sid,
                                 const char *audio_file, int64_t bytes, const char *sha256,
                                 int64_t now_ms, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_call_set_audio,
                      KOL_ARGS(KOL_INT(id), KOL_TEXT(recording_sid), KOL_TEXT(audio_file),
                               KOL_INT(bytes), KOL_TEXT(sha256), KOL_INT(now_ms)),
                      NULL, err);
}

enum kol_code kol_call_set_offline_state(struct kol_db *db, int64_t id,
                                         enum kol_offline_state state, int64_t now_ms,
                                         struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_call_set_offline_state,
                      KOL_ARGS(KOL_INT(id), KOL_TEXT(offline_names[state]), KOL_INT(now_ms)), NULL,
                      err);
}
