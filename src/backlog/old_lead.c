/* old_lead.c - see table.h: one line of the old leads. */
#include "backlog/table.h"
#include "base/clock.h"
#include "base/str.h"
#include "store/db.h"

#define SURE                                                                                       \
    0.9 /* of the old system's values: only a surer one, or a later call's, replaces them */

struct old_lead {
    struct kol_table *t;
    struct kol_business *business;
    int64_t id; /* 0: none given */
    char phone[KOL_PHONE_TEXT];
    const char *name, *service_type, *city;
    bool name_typed, service_type_typed, city_typed;
    int64_t created_at_ms;
    /* what came of it */
    bool known, taken;
    int64_t got_id;
};

static bool read_lead(struct kol_table *t, struct old_lead *l, struct kol_err *err)
{
    if (!kol_table_int(t, KOL_OLD_ID, 0, &l->id) || !kol_table_business(t, NULL, &l->business, err))
        return false;
    if (l->id < 0)
        return kol_table_refuse(t, KOL_OLD_ID, "not a positive number");
    (void)kol_phone_normalise(kol_table_get(t, KOL_OLD_PHONE), t->o->conf->default_country,
                              l->phone);
    l->name = kol_table_get(t, KOL_OLD_NAME);
    l->service_type = kol_table_get(t, KOL_OLD_SERVICE_TYPE);
    l->city = kol_table_get(t, KOL_OLD_CITY);
    if (!l->id && !*l->phone)
        return kol_table_refuse(t, KOL_OLD_PHONE, "neither id nor phone");
    return kol_table_flag(t, KOL_OLD_NAME_TYPED, &l->name_typed) &&
           kol_table_flag(t, KOL_OLD_SERVICE_TYPE_TYPED, &l->service_type_typed) &&
           kol_table_flag(t, KOL_OLD_CITY_TYPED, &l->city_typed) &&
           kol_table_time(t, KOL_OLD_CREATED_AT, &l->created_at_ms);
}

static enum kol_code remember(struct kol_db *db, const struct old_lead *l, const char *field,
                              const char *value, int64_t now_ms, struct kol_err *err)
{
    if (!value)
        return KOL_OK;
    return kol_db_run(db, KOL_SQL_lead_history_add,
                      KOL_ARGS(KOL_INT(l->got_id), KOL_TEXT(field), KOL_NULL(), KOL_TEXT(value),
                               KOL_NULL(), KOL_INT(0), KOL_TEXT("kol import"), KOL_NULL(),
                               KOL_INT(now_ms)),
                      NULL, err);
}

static enum kol_code add_lead(struct kol_db *db, struct old_lead *l, int64_t now_ms,
                              struct kol_err *err)
{
    const int64_t id = l->taken ? 0 : l->id;
    enum kol_code code =
        kol_db_run(db, KOL_SQL_lead_takeover,
                   KOL_ARGS(KOL_INT_OR_NULL(id), KOL_INT(l->business->id), KOL_TEXT(l->phone),
                            KOL_TEXT(l->name), KOL_TEXT(l->service_type), KOL_TEXT(l->city),
                            KOL_INT(l->name_typed), KOL_INT(l->service_type_typed),
                            KOL_INT(l->city_typed), KOL_REAL(SURE),
                            KOL_INT(l->created_at_ms ? l->created_at_ms : now_ms), KOL_INT(now_ms)),
                   NULL, err);

    if (code != KOL_OK)
        return code;
    l->got_id = kol_db_last_id(db);
    code = remember(db, l, "name", l->name, now_ms, err);
    if (code == KOL_OK)
        code = remember(db, l, "service_type", l->service_type, now_ms, err);
    return code == KOL_OK ? remember(db, l, "city", l->city, now_ms, err) : code;
}

/* Ids are kept where they are free. What is here stays as it is. */
static enum kol_code store_lead(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct old_lead *l = arg;
    int64_t same = -1; /* -1: nobody has this id */
    enum kol_code code = KOL_OK;

    l->known = l->taken = false;
    l->got_id = 0;
    if (l->id)
        code = kol_db_get_int(
            db, KOL_SQL_lead_is_of,
            KOL_ARGS(KOL_INT(l->id), KOL_INT(l->business->id), KOL_TEXT(l->phone)), -1, &same, err);
    if (code != KOL_OK)
        return code;
    l->taken = same == 0;
    if (same == 1)
        l->got_id = l->id;
    else if (!l->id || l->taken)
        code = kol_db_get_int(db, KOL_SQL_lead_of_phone,
                              KOL_ARGS(KOL_INT(l->business->id), KOL_TEXT(l->phone)), 0, &l->got_id,
                              err);
    l->known = l->got_id != 0;
    if (code == KOL_OK && l->taken && !l->known && !*l->phone)
        return kol_fail(err, KOL_CONFLICT,
                        "id %lld is another lead's, and there is no phone number",
                        (long long)l->id);
    if (code == KOL_OK && !l->known)
        code = add_lead(db, l, kol_wall_ms(), err);
    return code == KOL_OK ? kol_table_written(l->t, err) : code;
}

enum kol_code kol_old_lead(struct kol_table *t, struct kol_err *err)
{
    struct old_lead l = {.t = t};

    t->count->leads++;
    if (!read_lead(t, &l, err)) {
        t->count->leads_refused++;
        return err->code;
    }
    const enum kol_code code = kol_table_write(t, store_lead, &l, err);
    if (code == KOL_CONFLICT) {
        kol_table_refuse(t, KOL_OLD_ID, "%s", err->msg);
        t->count->leads_refused++;
        return KOL_OK;
    }
    if (code != KOL_OK)
        return code;
    if (l.taken)
        kol_table_note(t, KOL_OLD_ID, "%lld is another lead's: this one is %lld here",
                       (long long)l.id, (long long)l.got_id);
    t->count->leads_new += !l.known;
    t->count->leads_known += l.known;
    return KOL_OK;
}
