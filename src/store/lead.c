#include "store/lead.h"

#include "base/str.h"

static void read_lead(struct kol_arena *a, struct kol_stmt *st, struct kol_lead *ret)
{
    int i = 0;

    ret->id = kol_col_int(st, i++);
    ret->business_id = kol_col_int(st, i++);
    ret->phone = kol_col_dup(a, st, i++);
    ret->name = kol_col_dup(a, st, i++);
    ret->service_type = kol_col_dup(a, st, i++);
    ret->city = kol_col_dup(a, st, i++);
    ret->name_typed = kol_col_int(st, i++) != 0;
    ret->service_type_typed = kol_col_int(st, i++) != 0;
    ret->city_typed = kol_col_int(st, i++) != 0;
    ret->service_type_confidence = kol_col_real(st, i++);
    ret->city_confidence = kol_col_real(st, i++);
    ret->created_at_ms = kol_col_int(st, i++);
    ret->updated_at_ms = kol_col_int(st, i++);
    ret->call_sid = kol_col_dup(a, st, i++);
    ret->final_transcript = kol_col_dup(a, st, i++);
    ret->extracted_service = kol_col_dup(a, st, i++);
    ret->extracted_city = kol_col_dup(a, st, i++);
    ret->extraction_confidence = kol_col_null(st, i) ? -1.0 : kol_col_real(st, i);
}

enum kol_code kol_lead_by_id(struct kol_db *db, struct kol_arena *a, int64_t id,
                             struct kol_lead **ret, struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row;
    enum kol_code code = kol_db_query(db, KOL_SQL_lead_by_id, KOL_ARGS(KOL_INT(id)), &st, err);

    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code != KOL_OK)
        return code;
    *ret = NULL;
    if (!row)
        return KOL_OK;
    struct kol_lead *lead = kol_arena_alloc(a, sizeof(*lead));
    if (lead)
        read_lead(a, st, lead);
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "read a lead: out of memory");
    *ret = lead;
    return KOL_OK;
}

enum kol_code kol_lead_list(struct kol_db *db, struct kol_arena *a,
                            const struct kol_lead_filter *filter, struct kol_lead **ret,
                            size_t *ret_count, struct kol_err *err)
{
    const int limit = filter->limit > 0 && filter->limit < 200 ? filter->limit : 200;
    struct kol_lead *list = kol_arena_array(a, (size_t)limit, sizeof(*list));
    KOL_STMT st = NULL;
    bool row;
    size_t n = 0;

    if (!list)
        return kol_fail(err, KOL_NO_MEMORY, "list leads: out of memory");
    enum kol_code code =
        kol_db_query(db, KOL_SQL_lead_list,
                     KOL_ARGS(KOL_INT(filter->business_id), KOL_TEXT(filter->number_part),
                              KOL_TEXT(filter->city), KOL_TEXT(filter->service),
                              KOL_INT(filter->before_id), KOL_INT(limit)),
                     &st, err);
    if (code != KOL_OK)
        return code;
    while ((code = kol_step(st, &row, err)) == KOL_OK && row)
        read_lead(a, st, &list[n++]);
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "list leads: out of memory");
    *ret = list;
    *ret_count = n;
    return code;
}

/* ---- changes ---- */

/* The caller's lead: the call's own, else that of the number, else a new one. */
static enum kol_code find_lead(struct kol_db *db, const struct kol_lead_update *u, int64_t now_ms,
                               int64_t *ret_id, struct kol_err *err)
{
    enum kol_code code =
        kol_db_get_int(db, KOL_SQL_lead_of_call, KOL_ARGS(KOL_INT(u->call_id)), 0, ret_id, err);

    if (code == KOL_OK && *ret_id == 0)
        code = kol_db_get_int(db, KOL_SQL_lead_of_caller,
                              KOL_ARGS(KOL_INT(u->business_id), KOL_TEXT(u->phone)), 0, ret_id,
                              err);
    if (code != KOL_OK || *ret_id != 0)
        return code;
    code = kol_db_run(db, KOL_SQL_lead_add,
                      KOL_ARGS(KOL_INT(u->business_id), KOL_TEXT(u->phone), KOL_INT(now_ms)), NULL,
                      err);
    *ret_id = kol_db_last_id(db);
    return code;
}

static enum kol_code set_value(struct kol_db *db, enum kol_sql id, int64_t lead_id,
                               const char *value, double confidence, int64_t now_ms,
                               int64_t call_id, bool *ret_changed, struct kol_err *err)
{
    int64_t changes = 0;

    *ret_changed = false;
    if (kol_str_empty(value))
        return KOL_OK;
    enum kol_code code = kol_db_run(db, id,
                                    KOL_ARGS(KOL_INT(lead_id), KOL_TEXT(value),
                                             KOL_REAL(confidence), KOL_INT(now_ms),
                                             KOL_INT(call_id)),
                                    &changes, err);
    *ret_changed = changes > 0;
    return code;
}

enum kol_code kol_lead_apply(struct kol_db *db, const struct kol_lead_update *u, int64_t now_ms,
                             struct kol_lead_result *ret, struct kol_err *err)
{
    enum kol_code code = find_lead(db, u, now_ms, &ret->id, err);

    if (code == KOL_OK)
        code = kol_db_run(db, KOL_SQL_lead_set_latest_call,
                          KOL_ARGS(KOL_INT(ret->id), KOL_INT(u->call_id), KOL_INT(now_ms)), NULL,
                          err);
    if (code == KOL_OK)
        code = kol_db_run(db, KOL_SQL_call_set_lead, KOL_ARGS(KOL_INT(u->call_id), KOL_INT(ret->id)),
                          NULL, err);
    if (code == KOL_OK)
        code = set_value(db, KOL_SQL_lead_set_name, ret->id, u->name, u->name_confidence, now_ms,
                         u->call_id, &ret->name_changed, err);
    if (code == KOL_OK)
        code = set_value(db, KOL_SQL_lead_set_service_type, ret->id, u->service_type,
                         u->service_type_confidence, now_ms, u->call_id,
                         &ret->service_type_changed, err);
    if (code == KOL_OK)
        code = set_value(db, KOL_SQL_lead_set_city, ret->id, u->city, u->city_confidence, now_ms,
                         u->call_id, &ret->city_changed, err);
    return code;
}

enum kol_code kol_lead_type(struct kol_db *db, int64_t id, int64_t business_id,
                            enum kol_lead_field field, const char *value, int64_t now_ms,
                            struct kol_err *err)
{
    static const enum kol_sql queries[] = {
        [KOL_LEAD_NAME] = KOL_SQL_lead_type_name,
        [KOL_LEAD_SERVICE_TYPE] = KOL_SQL_lead_type_service_type,
        [KOL_LEAD_CITY] = KOL_SQL_lead_type_city,
    };
    int64_t changes = 0;
    enum kol_code code =
        kol_db_run(db, queries[field],
                   KOL_ARGS(KOL_INT(id), KOL_TEXT(value), KOL_INT(now_ms), KOL_INT(business_id)),
                   &changes, err);

    if (code == KOL_OK && changes == 0)
        return kol_fail(err, KOL_NOT_FOUND, "there is no lead %lld", (long long)id);
    return code;
}
