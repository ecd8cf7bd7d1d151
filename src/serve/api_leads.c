/* api_leads.c - leads: list, one, and a person's edits, which no machine overwrites. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "serve/api.h"
#include <string.h>

enum { FIELD_CHARS = 200, HISTORY_LINES = 100 };

void kol_api_leads(struct kol_request *rq)
{
    struct kol_lead_filter filter = {
        .number_part = kol_api_number_part(rq, "number"),
        .city = kol_api_filter(rq, "city"),
        .service = kol_api_filter(rq, "service"),
    };
    struct kol_lead *leads = NULL;
    size_t count = 0;
    struct kol_err err;

    if (!kol_api_scope(rq, &filter.business_id) ||
        !kol_api_paging(rq, &filter.before_id, &filter.limit))
        return;
    struct kol_db *db = kol_request_db(rq);
    if (!db)
        return;
    enum kol_code code = kol_lead_list(db, rq->arena, &filter, &leads, &count, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK) {
        kol_answer_err(rq, &err);
        return;
    }

    bool with_text = !kol_streq(kol_api_filter(rq, "view"), "short");
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, kol_shape_lead(&leads[i], with_text));
    kol_api_answer_list(rq, "leads", rows, filter.limit, count ? leads[count - 1].id : 0);
}

/* The visible lead of {id}; NULL and KOL_OK when there is none or it is a foreign one. */
static enum kol_code find_lead(struct kol_request *rq, struct kol_db *db, struct kol_lead **ret,
                               struct kol_err *err)
{
    int64_t id = 0;

    if (!kol_parse_i64(rq->vars[0], &id))
        return kol_fail(err, KOL_BAD_INPUT, "lead id is no number");
    enum kol_code code = kol_lead_by_id(db, rq->arena, id, ret, err);
    if (code == KOL_OK && *ret && !kol_request_may_see(rq, (*ret)->business_id))
        *ret = NULL;
    return code;
}

struct shown {
    struct kol_lead *lead;
    struct kol_lead_change *history;
    size_t history_count;
};

/* False after answering. */
static bool load(struct kol_request *rq, struct shown *ret)
{
    struct kol_err err;
    struct kol_db *db = kol_request_db(rq);

    *ret = (struct shown){0};
    if (!db)
        return false;
    enum kol_code code = find_lead(rq, db, &ret->lead, &err);
    if (code == KOL_OK && ret->lead)
        code = kol_lead_history(db, rq->arena, ret->lead->id, HISTORY_LINES, &ret->history,
                                &ret->history_count, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK)
        kol_answer_err(rq, &err);
    else if (!ret->lead)
        kol_answer_not_found(rq, "lead");
    return code == KOL_OK && ret->lead;
}

void kol_api_lead(struct kol_request *rq)
{
    struct shown shown;

    if (!load(rq, &shown))
        return;
    json_t *json = kol_shape_lead(shown.lead, true), *history = json_array();
    for (size_t i = 0; i < shown.history_count; i++)
        json_array_append_new(history, kol_shape_lead_change(&shown.history[i]));
    kol_json_set(json, "history", history);
    kol_answer_json(rq, 200, json);
}

/* ---- PATCH ---- */

static const struct {
    const char *name;
    enum kol_lead_field field;
} fields[] = {
    {"name", KOL_LEAD_NAME},
    {"service_type", KOL_LEAD_SERVICE_TYPE},
    {"city", KOL_LEAD_CITY},
};

struct edit {
    int64_t lead_id;
    struct kol_principal who;
    bool given[KOL_COUNT(fields)];
    const char *values[KOL_COUNT(fields)]; /* NULL hands the field back to the machine */
};

static int field_of(const char *name)
{
    for (size_t i = 0; i < KOL_COUNT(fields); i++)
        if (strcmp(fields[i].name, name) == 0)
            return (int)i;
    return -1;
}

static bool refuse(struct kol_request *rq, const char *why)
{
    kol_answer_error(rq, 400, "bad_input", "%s", why);
    return false;
}

static bool is_printable(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            return false;
    return true;
}

static bool take_field(struct kol_request *rq, struct edit *e, const char *name, json_t *value)
{
    int i = field_of(name);

    if (i < 0)
        return refuse(rq, "only name, service_type and city can be edited");
    if (!json_is_null(value) && !json_is_string(value))
        return refuse(rq, "values are strings, or null to hand a field back");
    const char *text = json_string_value(value);
    if (text && (kol_utf8_count(text) > FIELD_CHARS || !is_printable(text)))
        return refuse(rq, "values are one line of at most 200 characters");
    e->given[i] = true;
    e->values[i] = kol_arena_str(rq->arena, text);
    return true;
}

static bool read_edit(struct kol_request *rq, struct edit *e)
{
    KOL_JSON json = kol_request_json(rq);
    const char *name;
    json_t *value;

    if (!json)
        return false;
    json_object_foreach(json, name, value)
    {
        if (!take_field(rq, e, name, value))
            return false;
    }
    return json_object_size(json) > 0 || refuse(rq, "nothing to change");
}

static enum kol_code save_edit(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct edit *e = arg;
    int64_t now_ms = kol_wall_ms();
    char subject[32];

    for (size_t i = 0; i < KOL_COUNT(fields); i++) {
        if (!e->given[i])
            continue;
        enum kol_code code =
            kol_lead_type(db, e->lead_id, &e->who, fields[i].field, e->values[i], now_ms, err);
        if (code != KOL_OK)
            return code;
    }
    snprintf(subject, sizeof subject, "lead %lld", (long long)e->lead_id);
    return kol_audit_add(db, &e->who, "lead.edit", subject, now_ms, err);
}

static void answer_edit(struct kol_request *rq, enum kol_code code, const struct kol_err *err)
{
    if (code != KOL_OK)
        kol_answer_err(rq, err);
    else
        kol_api_lead(rq); /* as it is now */
}

void kol_api_lead_edit(struct kol_request *rq)
{
    struct edit *e = kol_arena_alloc(rq->arena, sizeof *e);

    if (!e || !read_edit(rq, e))
        return;
    struct shown shown;
    if (!load(rq, &shown))
        return;
    e->lead_id = shown.lead->id;
    e->who = rq->who;
    kol_request_change(rq, save_edit, e, answer_edit);
}
