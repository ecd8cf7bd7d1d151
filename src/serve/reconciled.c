#include "serve/reconciled.h"
#include "base/cleanup.h"
#include "store/reconcile.h"
#include "store/writer.h"

static enum kol_code read_rows(struct kol_request *rq, struct kol_reconcile **ret, size_t *ret_n,
                               struct kol_err *err)
{
    struct kol_db *db = kol_reader_borrow(rq->writer, err);

    if (!db)
        return err->code;
    enum kol_code code = kol_reconcile_list(db, rq->arena, NULL, ret, ret_n, err);
    kol_reader_return(rq->writer, db);
    return code;
}

static json_t *at_or_null(int64_t at_ms)
{
    return at_ms ? json_integer(at_ms) : json_null();
}

json_t *kol_reconciled_json(struct kol_request *rq)
{
    struct kol_reconcile *rows = NULL;
    size_t n = 0;
    struct kol_err err;

    if (read_rows(rq, &rows, &n, &err) != KOL_OK)
        return NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *row = json_object();

        kol_json_set_str(row, "account_sid", rows[i].account_sid);
        kol_json_set(row, "success_at_ms", at_or_null(rows[i].success_at_ms));
        kol_json_set_int(row, "imported", rows[i].imported);
        kol_json_set_int(row, "gone", rows[i].gone);
        kol_json_set_str(row, "error", rows[i].error);
        kol_json_set(row, "error_at_ms", at_or_null(rows[i].error_at_ms));
        json_array_append_new(list, row);
    }
    return list;
}

enum kol_code kol_reconciled_metrics(struct kol_request *rq, struct kol_str *out,
                                     struct kol_err *err)
{
    static const struct {
        const char *name, *type, *help;
    } heads[] = {
        {"kol_reconcile_last_success_timestamp_seconds", "gauge",
         "When Twilio's list of recordings was last looked through to its end."},
        {"kol_reconcile_imported_total", "counter",
         "Recordings found there whose callback did not come."},
        {"kol_reconcile_gone_total", "counter",
         "Recordings that were waited for and are gone at Twilio."},
        {"kol_reconcile_failed", "gauge", "1 when the last look did not come to its end."},
    };
    struct kol_reconcile *rows = NULL;
    size_t n = 0;
    enum kol_code code = read_rows(rq, &rows, &n, err);

    if (code != KOL_OK || n == 0)
        return code;
    for (size_t h = 0; h < KOL_COUNT(heads); h++) {
        kol_str_add_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", heads[h].name, heads[h].help,
                        heads[h].name, heads[h].type);
        for (size_t i = 0; i < n; i++) {
            const double values[] = {(double)rows[i].success_at_ms / 1000, (double)rows[i].imported,
                                     (double)rows[i].gone, rows[i].error != NULL};
            kol_str_add_fmt(out, "%s{account=\"%s\"} %.15g\n", heads[h].name, rows[i].account_sid,
                            values[h]);
        }
    }
    return KOL_OK;
}
