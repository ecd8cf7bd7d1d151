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

enum kol_code kol_lead_history(struct kol_db *db, struct kol_arena *a, int64_t lead_id, int limit,
                               struct kol_lead_change **ret, size_t *ret_count, struct kol_err *err)
{
    struct kol_lead_change *list = kol_arena_array(a, (size_t)limit + 1, sizeof(*list));
    KOL_STMT st = NULL;
    bool row;
    size_t n = 0;

    if (!list)
        return kol_fail(err, KOL_NO_MEMORY, "list a lead's history: out of memory");
    enum kol_code code = kol_db_query(db, KOL_SQL_lead_history_list,
                                      KOL_ARGS(KOL_INT(lead_id), KOL_INT(limit)), &st, err);
    while (code == KOL_OK && (code = kol_step(st, &row, err)) == KOL_OK && row)
        list[n++] = (struct kol_lead_change){
            .field = kol_col_dup(a, st, 0),
            .old_value = kol_col_dup(a, st, 1),
            .new_value = kol_col_dup(a, st, 2),
            .call_sid = kol_col_dup(a, st, 3),
            .by_person = kol_col_int(st, 4) != 0,
            .key_id = kol_col_int(st, 5),
            .key_name = kol_col_dup(a, st, 6),
            .confidence = kol_col_null(st, 7) ? -1.0 : kol_col_real(st, 7),
            .at_ms = kol_col_int(st, 8),
        };
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "list a lead's history: out of memory");
    *ret = list;
    *ret_count = n;
    return code;
}

/* ---- changes ---- */

#define GUESS 0.5 /* a newer call's value below this is no reason to give up a surer one */

static const char *const field_names[] = {
    [KOL_LEAD_NAME] = "name",
    [KOL_LEAD_SERVICE_TYPE] = "service_type",
    [KOL_LEAD_CITY] = "city",
};

/* What a lead holds before a change. */
struct held {
    struct {
        const char *text;
        bool typed;
        double confidence;
    } values[KOL_COUNT(field_names)];
    int64_t latest_call_id;
};

static enum kol_code read_held(struct kol_db *db, struct kol_arena *a, int64_t id,
                               int64_t business_id, struct held *ret, struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row = false;
    enum kol_code code = kol_db_query(db, KOL_SQL_lead_values,
                                      KOL_ARGS(KOL_INT(id), KOL_INT(business_id)), &st, err);

    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code != KOL_OK)
        return code;
    if (!row)
        return kol_fail(err, KOL_NOT_FOUND, "there is no lead %lld", (long long)id);
    for (size_t i = 0; i < KOL_COUNT(field_names); i++) {
        const int column = (int)i * 3; /* in the order of enum kol_lead_field */

        ret->values[i].text = kol_col_dup(a, st, column);
        ret->values[i].typed = kol_col_int(st, column + 1) != 0;
        ret->values[i].confidence = kol_col_real(st, column + 2);
    }
    ret->latest_call_id = kol_col_int(st, 3 * KOL_COUNT(field_names));
    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "read a lead: out of memory");
    return KOL_OK;
}

/* The caller's lead: the call's own, else that of the number, else a new one. */
static enum kol_code find_lead(struct kol_db *db, const struct kol_lead_update *u, int64_t now_ms,
                               int64_t *ret_id, struct kol_err *err)
{
    enum kol_code code =
        kol_db_get_int(db, KOL_SQL_lead_of_call, KOL_ARGS(KOL_INT(u->call_id)), 0, ret_id, err);

    if (code == KOL_OK && *ret_id == 0)
        code = kol_db_get_int(db, KOL_SQL_lead_of_caller,
                              KOL_ARGS(KOL_INT(u->business_id), KOL_TEXT(u->phone),
                                       KOL_INT(u->call_id), KOL_INT(u->window_ms)),
                              0, ret_id, err);
    if (code != KOL_OK || *ret_id != 0)
        return code;
    code = kol_db_run(db, KOL_SQL_lead_add,
                      KOL_ARGS(KOL_INT(u->business_id), KOL_TEXT(u->phone), KOL_INT(now_ms)), NULL,
                      err);
    *ret_id = kol_db_last_id(db);
    return code;
}

/* One lead that a call speaks about. */
struct applying {
    struct kol_db *db;
    const struct kol_lead_update *update;
    struct held held;
    int64_t lead_id, now_ms;
};

static bool is_better(const struct applying *ap, enum kol_lead_field field, double confidence)
{
    const bool latest = ap->held.latest_call_id == ap->update->call_id;

    if (ap->held.values[field].typed)
        return false;
    return !ap->held.values[field].text || confidence > ap->held.values[field].confidence ||
           (latest && confidence >= GUESS);
}

static enum kol_code remember(const struct applying *ap, enum kol_lead_field field,
                              const char *value, double confidence, struct kol_err *err)
{
    return kol_db_run(ap->db, KOL_SQL_lead_history_add,
                      KOL_ARGS(KOL_INT(ap->lead_id), KOL_TEXT(field_names[field]),
                               KOL_TEXT(ap->held.values[field].text), KOL_TEXT(value),
                               KOL_INT(ap->update->call_id), KOL_NULL(), KOL_NULL(),
                               KOL_REAL(confidence), KOL_INT(ap->now_ms)),
                      NULL, err);
}

static enum kol_code set_value(const struct applying *ap, enum kol_lead_field field,
                               const char *value, double confidence, bool *ret_changed,
                               struct kol_err *err)
{
    static const enum kol_sql queries[] = {
        [KOL_LEAD_NAME] = KOL_SQL_lead_set_name,
        [KOL_LEAD_SERVICE_TYPE] = KOL_SQL_lead_set_service_type,
        [KOL_LEAD_CITY] = KOL_SQL_lead_set_city,
    };
    const bool same = kol_streq(value, ap->held.values[field].text);

    *ret_changed = false;
    if (kol_str_empty(value) || !is_better(ap, field, confidence))
        return KOL_OK;
    if (same && confidence <= ap->held.values[field].confidence)
        return KOL_OK;
    enum kol_code code = kol_db_run(
        ap->db, queries[field],
        KOL_ARGS(KOL_INT(ap->lead_id), KOL_TEXT(value), KOL_REAL(confidence), KOL_INT(ap->now_ms)),
        NULL, err);
    if (code != KOL_OK || same) /* heard again, and clearer: nothing that anybody must know */
        return code;
    *ret_changed = true;
    return remember(ap, field, value, confidence, err);
}

static enum kol_code tie_call(struct kol_db *db, int64_t lead_id, int64_t call_id, int64_t now_ms,
                              struct kol_err *err)
{
    enum kol_code code =
        kol_db_run(db, KOL_SQL_lead_set_latest_call,
                   KOL_ARGS(KOL_INT(lead_id), KOL_INT(call_id), KOL_INT(now_ms)), NULL, err);

    if (code != KOL_OK)
        return code;
    return kol_db_run(db, KOL_SQL_call_set_lead, KOL_ARGS(KOL_INT(call_id), KOL_INT(lead_id)), NULL,
                      err);
}

enum kol_code kol_lead_apply(struct kol_db *db, const struct kol_lead_update *u, int64_t now_ms,
                             struct kol_lead_result *ret, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct applying ap = {.db = db, .update = u, .now_ms = now_ms};

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "store a lead: out of memory");
    enum kol_code code = find_lead(db, u, now_ms, &ap.lead_id, err);
    ret->id = ap.lead_id;
    if (code == KOL_OK)
        code = tie_call(db, ap.lead_id, u->call_id, now_ms, err);
    if (code == KOL_OK)
        code = read_held(db, a, ap.lead_id, 0, &ap.held, err);
    if (code == KOL_OK)
        code = set_value(&ap, KOL_LEAD_NAME, u->name, u->name_confidence, &ret->name_changed, err);
    if (code == KOL_OK)
        code = set_value(&ap, KOL_LEAD_SERVICE_TYPE, u->service_type, u->service_type_confidence,
                         &ret->service_type_changed, err);
    if (code == KOL_OK)
        code = set_value(&ap, KOL_LEAD_CITY, u->city, u->city_confidence, &ret->city_changed, err);
    return code;
}

static enum kol_code remember_typed(struct kol_db *db, int64_t id, const struct kol_principal *who,
                                    enum kol_lead_field field, const char *old_value,
                                    const char *new_value, int64_t now_ms, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_lead_history_add,
                      KOL_ARGS(KOL_INT(id), KOL_TEXT(field_names[field]), KOL_TEXT(old_value),
                               KOL_TEXT(new_value), KOL_NULL(), KOL_INT(who->key_id),
                               KOL_TEXT(who->name), KOL_NULL(), KOL_INT(now_ms)),
                      NULL, err);
}

enum kol_code kol_lead_type(struct kol_db *db, int64_t id, const struct kol_principal *who,
                            enum kol_lead_field field, const char *value, int64_t now_ms,
                            struct kol_err *err)
{
    static const enum kol_sql queries[] = {
        [KOL_LEAD_NAME] = KOL_SQL_lead_type_name,
        [KOL_LEAD_SERVICE_TYPE] = KOL_SQL_lead_type_service_type,
        [KOL_LEAD_CITY] = KOL_SQL_lead_type_city,
    };
    KOL_ARENA a = kol_arena_new(0);
    struct held before, now;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "store a lead: out of memory");
    enum kol_code code = read_held(db, a, id, who->business_id, &before, err);
    if (code == KOL_OK)
        code = kol_db_run(db, queries[field],
                          KOL_ARGS(KOL_INT(id), KOL_TEXT(value), KOL_INT(now_ms)), NULL, err);
    if (code == KOL_OK) /* a field handed back shows what the latest call said */
        code = read_held(db, a, id, 0, &now, err);
    if (code != KOL_OK)
        return code;
    return remember_typed(db, id, who, field, before.values[field].text, now.values[field].text,
                          now_ms, err);
}
