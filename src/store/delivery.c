#include "store/delivery.h"

#define MAX_LISTED 100

static void read_delivery(struct kol_arena *a, struct kol_stmt *st, struct kol_delivery *ret)
{
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

static enum kol_code read_rows(struct kol_arena *a, struct kol_stmt *st, size_t max,
                               struct kol_delivery **ret, size_t *ret_count, struct kol_err *err)
{
    struct kol_delivery *list = kol_arena_array(a, max, sizeof(*list));
    enum kol_code code = KOL_OK;
    bool row;
    size_t n = 0;

    while (list && n < max && (code = kol_step(st, &row, err)) == KOL_OK && row)
        read_delivery(a, st, &list[n++]);
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "read deliveries: out of memory");
    *ret = list;
    *ret_count = n;
    return code;
}

enum kol_code kol_delivery_by_id(struct kol_db *db, struct kol_arena *a, const char *id,
                                 struct kol_delivery **ret, struct kol_err *err)
{
    KOL_STMT st = NULL;
    size_t n = 0;
    enum kol_code code = kol_db_query(db, KOL_SQL_delivery_by_id, KOL_ARGS(KOL_TEXT(id)), &st, err);

    if (code == KOL_OK)
        code = read_rows(a, st, 1, ret, &n, err);
    if (code == KOL_OK && n == 0)
        *ret = NULL;
    return code;
}

enum kol_code kol_delivery_list(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                struct kol_delivery **ret, size_t *ret_count, struct kol_err *err)
{
    KOL_STMT st = NULL;
    enum kol_code code =
        kol_db_query(db, KOL_SQL_delivery_list, KOL_ARGS(KOL_INT(call_id)), &st, err);

    if (code != KOL_OK)
        return code;
    return read_rows(a, st, MAX_LISTED, ret, ret_count, err);
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
    return kol_db_run(
        db, KOL_SQL_delivery_count_attempt,
        KOL_ARGS(KOL_TEXT(id), KOL_INT(attempt), KOL_INT(status), KOL_TEXT(error)), NULL, err);
}
