#include "store/business.h"

#include "base/redact.h"
#include "base/str.h"

#define MAX_LISTED 10000

static void read_business(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    struct kol_business *ret = row;

    ret->id = kol_col_int(st, 0);
    ret->name = kol_col_dup(a, st, 1);
    ret->timezone = kol_col_dup(a, st, 2);
    ret->language = kol_col_dup(a, st, 3);
    ret->glossary = kol_col_dup(a, st, 4);
    ret->services = kol_col_dup(a, st, 5);
    ret->channel_map = kol_col_dup(a, st, 6);
    ret->webhook_url = kol_col_dup(a, st, 7);
    ret->webhook_secret = kol_col_dup(a, st, 8);
    ret->retention_days = kol_col_int(st, 9);
    ret->webhook_disabled_at_ms = kol_col_int(st, 10);
    ret->created_at_ms = kol_col_int(st, 11);
    ret->redact = kol_col_dup(a, st, 12);
    ret->deletes_remote = kol_col_text(st, 13) != NULL;
    ret->delete_remote_after_days = kol_col_int(st, 13);
    ret->recording_key = kol_col_dup(a, st, 14);
    ret->account_sid = kol_col_dup(a, st, 15);
}

enum kol_code kol_business_by_id(struct kol_db *db, struct kol_arena *a, int64_t id,
                                 struct kol_business **ret, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code = kol_db_rows(db, a, KOL_SQL_business_by_id, KOL_ARGS(KOL_INT(id)),
                                     sizeof(struct kol_business), 1, read_business, &rows, err);

    if (code == KOL_OK)
        *ret = rows.rows;
    return code;
}

enum kol_code kol_business_by_number(struct kol_db *db, const char *number, const char *account_sid,
                                     const char *settings_account, int64_t *ret_id,
                                     struct kol_err *err)
{
    return kol_db_get_int(
        db, KOL_SQL_business_by_number,
        KOL_ARGS(KOL_TEXT(number), KOL_TEXT(account_sid), KOL_TEXT(settings_account)), 0, ret_id,
        err);
}

enum kol_code kol_business_has_account(struct kol_db *db, int64_t id, const char *account_sid,
                                       const char *settings_account, bool *ret, struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row = false;
    enum kol_code code = kol_db_query(db, KOL_SQL_business_account,
                                      KOL_ARGS(KOL_INT(id), KOL_TEXT(settings_account)), &st, err);

    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code == KOL_OK)
        *ret = row && kol_streq(kol_col_text(st, 0), account_sid);
    return code;
}

enum kol_code kol_business_list(struct kol_db *db, struct kol_arena *a, struct kol_business **ret,
                                size_t *ret_count, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, KOL_SQL_business_list, KOL_NO_ARGS, sizeof(struct kol_business),
                    MAX_LISTED, read_business, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

static void read_number(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    *(const char **)row = kol_col_dup(a, st, 0);
}

enum kol_code kol_business_numbers(struct kol_db *db, struct kol_arena *a, int64_t id,
                                   const char ***ret, size_t *ret_count, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code = kol_db_rows(db, a, KOL_SQL_business_numbers, KOL_ARGS(KOL_INT(id)),
                                     sizeof(const char *), MAX_LISTED, read_number, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

enum kol_code kol_business_redact_of_call(struct kol_db *db, int64_t call_id, unsigned *ret,
                                          struct kol_err *err)
{
    KOL_STMT st = NULL;
    bool row = false;
    enum kol_code code =
        kol_db_query(db, KOL_SQL_business_redact_of_call, KOL_ARGS(KOL_INT(call_id)), &st, err);

    if (code == KOL_OK)
        code = kol_step(st, &row, err);
    if (code == KOL_OK)
        *ret = kol_redact_of(row ? kol_col_text(st, 0) : NULL);
    return code;
}

/* ---- changes ---- */

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

static const char *redact_of(const struct kol_business *b)
{
    return b->redact ? b->redact : KOL_REDACT_DEFAULT;
}

static struct kol_value remote_days(const struct kol_business *b)
{
    return b->deletes_remote ? KOL_INT(b->delete_remote_after_days) : KOL_NULL();
}

enum kol_code kol_business_add(struct kol_db *db, const struct kol_business *b, int64_t now_ms,
                               int64_t *ret_id, struct kol_err *err)
{
    enum kol_code code =
        kol_db_run(db, KOL_SQL_business_add,
                   KOL_ARGS(KOL_TEXT(b->name), KOL_TEXT(b->timezone), KOL_TEXT(b->language),
                            KOL_TEXT(or_empty(b->glossary)), KOL_TEXT(or_empty(b->services)),
                            KOL_TEXT(or_empty(b->channel_map)), KOL_TEXT(b->webhook_url),
                            KOL_TEXT(b->webhook_secret), KOL_INT(b->retention_days),
                            KOL_INT(now_ms), KOL_TEXT(redact_of(b)), remote_days(b),
                            KOL_TEXT(b->recording_key), KOL_TEXT(b->account_sid)),
                   NULL, err);

    if (code == KOL_OK)
        *ret_id = kol_db_last_id(db);
    return code;
}

enum kol_code kol_business_update(struct kol_db *db, const struct kol_business *b,
                                  struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code = kol_db_run(
        db, KOL_SQL_business_update,
        KOL_ARGS(KOL_INT(b->id), KOL_TEXT(b->name), KOL_TEXT(b->timezone), KOL_TEXT(b->language),
                 KOL_TEXT(or_empty(b->glossary)), KOL_TEXT(or_empty(b->services)),
                 KOL_TEXT(or_empty(b->channel_map)), KOL_TEXT(b->webhook_url),
                 KOL_TEXT(b->webhook_secret), KOL_INT(b->retention_days), KOL_TEXT(redact_of(b)),
                 remote_days(b), KOL_TEXT(b->recording_key), KOL_TEXT(b->account_sid)),
        &changes, err);

    if (code == KOL_OK && changes == 0)
        return kol_fail(err, KOL_NOT_FOUND, "there is no business %lld", (long long)b->id);
    return code;
}

enum kol_code kol_business_add_number(struct kol_db *db, int64_t id, const char *number,
                                      const char *settings_account, int64_t now_ms,
                                      int64_t *ret_released, struct kol_err *err)
{
    int64_t owner = 0, released = 0;
    const struct kol_args args =
        KOL_ARGS(KOL_TEXT(number), KOL_INT(id), KOL_INT(now_ms), KOL_TEXT(settings_account));
    enum kol_code code =
        kol_db_run(db, KOL_SQL_number_add, (struct kol_args){args.values, 3}, NULL, err);

    if (code == KOL_OK)
        code = kol_db_get_int(db, KOL_SQL_number_owner, KOL_ARGS(KOL_TEXT(number)), 0, &owner, err);
    if (code != KOL_OK)
        return code;
    if (owner != id)
        return kol_fail(err, KOL_CONFLICT, "this number already belongs to business %lld",
                        (long long)owner);
    code = kol_db_run(db, KOL_SQL_number_release_jobs, args, NULL, err);
    if (code == KOL_OK)
        code = kol_db_run(db, KOL_SQL_number_release_calls, args, &released, err);
    if (code == KOL_OK && ret_released)
        *ret_released = released;
    return code;
}

enum kol_code kol_business_release_late(struct kol_db *db, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_number_release_late, KOL_NO_ARGS, NULL, err);
}

enum kol_code kol_business_remove_number(struct kol_db *db, int64_t id, const char *number,
                                         struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code = kol_db_run(db, KOL_SQL_number_remove,
                                    KOL_ARGS(KOL_TEXT(number), KOL_INT(id)), &changes, err);

    if (code == KOL_OK && changes == 0)
        return kol_fail(err, KOL_NOT_FOUND, "business %lld does not have this number",
                        (long long)id);
    return code;
}

enum kol_code kol_business_disable_webhook(struct kol_db *db, int64_t id, int64_t now_ms,
                                           struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_business_disable_webhook, KOL_ARGS(KOL_INT(id), KOL_INT(now_ms)),
                      NULL, err);
}

enum kol_code kol_business_set_channel_map(struct kol_db *db, int64_t id, const char *channel_map,
                                           struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_business_set_channel_map,
                      KOL_ARGS(KOL_INT(id), KOL_TEXT(channel_map)), NULL, err);
}
