/* api_business.c - who is asking, and the businesses he may see. They are changed by the command
 * line. */
#include "base/str.h"
#include "serve/api.h"
#include "serve/server.h"

/* A key of a business sees its own as a list of one. */
static enum kol_code list_visible(struct kol_request *rq, struct kol_db *db,
                                  struct kol_business **ret, size_t *ret_count, struct kol_err *err)
{
    if (rq->who.business_id == 0)
        return kol_business_list(db, rq->arena, ret, ret_count, err);
    enum kol_code code = kol_business_by_id(db, rq->arena, rq->who.business_id, ret, err);
    *ret_count = code == KOL_OK && *ret;
    return code;
}

/* The visible businesses; false after answering. */
static bool load_visible(struct kol_request *rq, struct kol_business **ret, size_t *ret_count)
{
    struct kol_err err;
    struct kol_db *db = kol_request_db(rq);

    if (!db)
        return false;
    enum kol_code code = list_visible(rq, db, ret, ret_count, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK)
        kol_answer_err(rq, &err);
    return code == KOL_OK;
}

static json_t *shape_list(const struct kol_business *list, size_t count)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, kol_shape_business(&list[i]));
    return rows;
}

void kol_api_businesses(struct kol_request *rq)
{
    struct kol_business *list = NULL;
    size_t count = 0;

    if (load_visible(rq, &list, &count)) {
        json_t *json = json_object();
        kol_json_set(json, "businesses", shape_list(list, count));
        kol_answer_json(rq, 200, json);
    }
}

void kol_api_me(struct kol_request *rq)
{
    struct kol_business *list = NULL;
    size_t count = 0;

    if (!load_visible(rq, &list, &count))
        return;
    json_t *json = json_object();
    kol_json_set_str(json, "name", rq->who.name);
    kol_json_set(json, "operator", json_boolean(rq->who.business_id == 0));
    kol_json_set(json, "businesses", shape_list(list, count));
    kol_json_set(json, "warnings", kol_shape_warnings(rq->conf, list, count));
    kol_json_set_str(json, "default_timezone", rq->conf->default_timezone);
    kol_json_set_str(json, "version", KOL_VERSION);
    kol_answer_json(rq, 200, json);
}

static void add_numbers(json_t *json, const char *const *numbers, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(numbers[i]));
    kol_json_set(json, "numbers", list);
}

void kol_api_business(struct kol_request *rq)
{
    struct kol_business *business = NULL;
    const char **numbers = NULL;
    size_t count = 0;
    struct kol_err err;
    int64_t id = 0;
    enum kol_code code = KOL_OK;

    if (!kol_parse_i64(rq->vars[0], &id) || !kol_request_may_see(rq, id)) {
        kol_answer_not_found(rq, "business");
        return;
    }
    struct kol_db *db = kol_request_db(rq);
    if (!db)
        return;
    code = kol_business_by_id(db, rq->arena, id, &business, &err);
    if (code == KOL_OK && business)
        code = kol_business_numbers(db, rq->arena, id, &numbers, &count, &err);
    kol_reader_return(rq->writer, db);

    if (code != KOL_OK) {
        kol_answer_err(rq, &err);
    } else if (!business) {
        kol_answer_not_found(rq, "business");
    } else {
        json_t *json = kol_shape_business(business);
        add_numbers(json, numbers, count);
        kol_answer_json(rq, 200, json);
    }
}
