/* api_common.c - what the lists of the API share; see api.h. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "conf/conf.h"
#include "serve/api.h"
#include <string.h>

bool kol_api_paging(struct kol_request *rq, int64_t *ret_before_id, int *ret_limit)
{
    int64_t limit;

    if (!kol_request_int_arg(rq, "before", 0, 1, INT64_MAX, ret_before_id) ||
        !kol_request_int_arg(rq, "limit", KOL_PAGE_DEFAULT, 1, KOL_PAGE_MOST, &limit))
        return false;
    *ret_limit = (int)limit;
    return true;
}

bool kol_api_scope(struct kol_request *rq, int64_t *ret_business_id)
{
    int64_t asked;

    if (!kol_request_int_arg(rq, "business_id", 0, 1, INT64_MAX, &asked))
        return false;
    if (asked && !kol_request_may_see(rq, asked)) {
        kol_answer_not_found(rq, "business");
        return false;
    }
    *ret_business_id = rq->who.business_id ? rq->who.business_id : asked;
    return true;
}

const char *kol_api_filter(const struct kol_request *rq, const char *name)
{
    const char *value = kol_request_arg(rq, name);
    return kol_str_empty(value) ? NULL : value;
}

const char *kol_api_number_part(struct kol_request *rq, const char *name)
{
    const char *text = kol_api_filter(rq, name);
    char *digits = text ? kol_arena_alloc(rq->arena, strlen(text) + 1) : NULL;
    size_t n = 0;

    if (!digits)
        return NULL;
    for (const char *s = text; *s; s++)
        if (*s >= '0' && *s <= '9')
            digits[n++] = *s;
    digits[n] = '\0';
    /* "050…" and "00972…" are stored as +97250…: zeros in front stand for what was replaced. */
    return digits + strspn(digits, "0");
}

/* In whose days a date is meant: the business's, else the only one's, else the default. */
static const char *zone_of(struct kol_request *rq, struct kol_db *db, int64_t business_id)
{
    struct kol_business *list = NULL;
    size_t count = 0;

    if (kol_api_filter(rq, "timezone"))
        return kol_api_filter(rq, "timezone");
    if (business_id) {
        if (kol_business_by_id(db, rq->arena, business_id, &list, NULL) == KOL_OK && list)
            return list->timezone;
    } else if (kol_business_list(db, rq->arena, &list, &count, NULL) == KOL_OK && count == 1) {
        return list->timezone;
    }
    return rq->conf->default_timezone;
}

enum kol_code kol_api_dates(struct kol_request *rq, struct kol_db *db, int64_t business_id,
                            int64_t *ret_from_ms, int64_t *ret_to_ms, struct kol_err *err)
{
    const char *date = kol_api_filter(rq, "date");
    const char *from = date ? date : kol_api_filter(rq, "from");
    const char *to = date ? date : kol_api_filter(rq, "to");
    enum kol_code code = KOL_OK;
    int64_t ignored;

    if (!from && !to)
        return KOL_OK;
    const char *zone = zone_of(rq, db, business_id);
    if (from)
        code = kol_day_bounds(zone, from, ret_from_ms, &ignored, err);
    if (code == KOL_OK && to)
        code = kol_day_bounds(zone, to, &ignored, ret_to_ms, err);
    return code;
}

void kol_api_answer_list(struct kol_request *rq, const char *name, json_t *rows, int limit,
                         int64_t last_id)
{
    json_t *json = json_object();
    bool full = json_array_size(rows) >= (size_t)limit;

    kol_json_set(json, name, rows);
    kol_json_set(json, "next", full ? json_integer(last_id) : json_null());
    kol_answer_json(rq, 200, json);
}

enum kol_code kol_api_find_call(struct kol_request *rq, struct kol_db *db, struct kol_call **ret,
                                struct kol_err *err)
{
    enum kol_code code = kol_call_by_sid(db, rq->arena, rq->vars[0], ret, err);

    if (code == KOL_OK && *ret && !kol_request_may_see(rq, (*ret)->business_id))
        *ret = NULL; /* a foreign one is not there */
    return code;
}
