#include "store/delivery.h"

#define MAX_LISTED 100

static void read_delivery(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    struct kol_delivery *ret = row;
    int i = 0;

    ret->id = kol_col_dup(a, st, i++);
    ret->business_id = kol_col_int(st, i++);
    ret->call_id = kol_col_int(st, i++);
    ret->version = kol_col_int(st, i++);
    ret->type = kol_col_dup(a, st, i++);
    ret->url = kol_col_dup(a, st, i++);
    ret->payload = kol_col_dup(a, st, i++);
    ret->state = kol_col_dup(a, st, i++);
    ret->attempts = (int)kol_col_int(st, i++);
    ret->created_at_ms = kol_col_int(st, i++);
    ret->delivered_at_ms = kol_col_int(st, i++);
    ret->last_status = (int)kol_col_int(st, i++);
    ret->last_error = kol_col_dup(a, st, i);
}

enum kol_code kol_delivery_by_id(struct kol_db *db, struct kol_arena *a, const char *id,
                                 struct kol_delivery **ret, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code = kol_db_rows(db, a, KOL_SQL_delivery_by_id, KOL_ARGS(KOL_TEXT(id)),
                                     sizeof(struct kol_delivery), 1, read_delivery, &rows, err);

    if (code == KOL_OK)
        *ret = rows.rows;
    return code;
}

enum kol_code kol_delivery_list(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                struct kol_delivery **ret, size_t *ret_count, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, KOL_SQL_delivery_list, KOL_ARGS(KOL_INT(call_id)),
                    sizeof(struct kol_delivery), MAX_LISTED, read_delivery, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

enum kol_code kol_delivery_add(struct kol_db *db, const struct kol_delivery *d, int64_t now_ms,
                               struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_delivery_add,
                      KOL_ARGS(KOL_TEXT(d->id), KOL_INT(d->business_id), KOL_INT(d->call_id),
                               KOL_INT(d->version), KOL_TEXT(d->type), KOL_INT(now_ms)),
                      NULL, err);
}

enum kol_code kol_delivery_fix_payload(struct kol_db *db, const char *id, const char *url,
                                       const char *payload, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_delivery_fix_payload,
                      KOL_ARGS(KOL_TEXT(id), KOL_TEXT(url), KOL_TEXT(payload)), NULL, err);
}

enum kol_code kol_delivery_set_state(struct kol_db *db, const char *id, const char *state,
                                     int64_t now_ms, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_delivery_set_state,
                      KOL_ARGS(KOL_TEXT(id), KOL_TEXT(state), KOL_INT(now_ms)), NULL, err);
}

enum kol_code kol_delivery_log_attempt(struct kol_db *db, const char *id, int attempt, int status,
                                       const char *error, int64_t took_ms, int64_t now_ms,
                                       struct kol_err *err)
{
    enum kol_code code = kol_db_run(db, KOL_SQL_delivery_attempt_add,
                                    KOL_ARGS(KOL_TEXT(id), KOL_INT(attempt), KOL_INT(status),
                                             KOL_TEXT(error), KOL_INT(took_ms), KOL_INT(now_ms)),
                                    NULL, err);

    if (code != KOL_OK)
        return code;
    return kol_db_run(db, KOL_SQL_delivery_count_attempt,
                      KOL_ARGS(KOL_TEXT(id), KOL_INT(attempt), KOL_INT(status), KOL_TEXT(error)),
                      NULL, err);
}
