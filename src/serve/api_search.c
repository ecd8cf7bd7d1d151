/* api_search.c - calls by the words that were said; see store/search.h. */
#include "base/cleanup.h"
#include "base/str.h"
#include "serve/api.h"

static bool read_direction(struct kol_request *rq, const char **ret)
{
    *ret = kol_api_filter(rq, "direction");
    if (!*ret || kol_streq(*ret, "inbound") || kol_streq(*ret, "outbound"))
        return true;
    kol_answer_error(rq, 400, "bad_input", "direction is inbound or outbound");
    return false;
}

static bool read_search(struct kol_request *rq, struct kol_search_filter *ret)
{
    *ret = (struct kol_search_filter){.query = kol_api_filter(rq, "q")};
    if (ret->query)
        return read_direction(rq, &ret->direction) && kol_api_call_filter(rq, &ret->calls);
    kol_answer_error(rq, 400, "bad_input", "q is missing: the words to look for");
    return false;
}

void kol_api_search(struct kol_request *rq)
{
    struct kol_search_filter filter;
    struct kol_call_filter *calls = &filter.calls;
    struct kol_search_hit *hits = NULL;
    size_t count = 0;
    struct kol_err err;

    if (!read_search(rq, &filter))
        return;
    struct kol_db *db = kol_request_db(rq);
    if (!db)
        return;
    enum kol_code code =
        kol_api_dates(rq, db, calls->business_id, &calls->from_ms, &calls->to_ms, &err);
    if (code == KOL_OK)
        code = kol_search_calls(db, rq->arena, &filter, &hits, &count, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK) {
        kol_answer_err(rq, &err);
        return;
    }

    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, kol_shape_hit(&hits[i]));
    kol_api_answer_list(rq, "calls", rows, calls->limit, count ? hits[count - 1].call->id : 0);
}
