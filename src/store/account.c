#include "store/account.h"

#define MAX_LISTED 10000

static void read_account(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    *(struct kol_account *)row = (struct kol_account){
        .account_sid = kol_col_dup(a, st, 0),
        .name = kol_col_dup(a, st, 1),
        .auth_token = kol_col_dup(a, st, 2),
        .auth_token_second = kol_col_dup(a, st, 3),
        .api_key_sid = kol_col_dup(a, st, 4),
        .api_key_secret = kol_col_dup(a, st, 5),
        .created_at_ms = kol_col_int(st, 6),
        .updated_at_ms = kol_col_int(st, 7),
    };
}

enum kol_code kol_account_by_sid(struct kol_db *db, struct kol_arena *a, const char *account_sid,
                                 struct kol_account **ret, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code = kol_db_rows(db, a, KOL_SQL_account_by_sid, KOL_ARGS(KOL_TEXT(account_sid)),
                                     sizeof(struct kol_account), 1, read_account, &rows, err);

    if (code == KOL_OK)
        *ret = rows.rows;
    return code;
}

enum kol_code kol_account_list(struct kol_db *db, struct kol_arena *a, struct kol_account **ret,
                               size_t *ret_count, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, KOL_SQL_account_list, KOL_NO_ARGS, sizeof(struct kol_account),
                    MAX_LISTED, read_account, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

enum kol_code kol_account_count(struct kol_db *db, int64_t *ret, struct kol_err *err)
{
    return kol_db_get_int(db, KOL_SQL_account_count, KOL_NO_ARGS, 0, ret, err);
}

/* ---- changes ---- */

static enum kol_code put(struct kol_db *db, enum kol_sql id, const struct kol_account *c,
                         int64_t now_ms, int64_t *ret_changes, struct kol_err *err)
{
    return kol_db_run(db, id,
                      KOL_ARGS(KOL_TEXT(c->account_sid), KOL_TEXT(c->name ? c->name : ""),
                               KOL_TEXT(c->auth_token), KOL_TEXT(c->auth_token_second),
                               KOL_TEXT(c->api_key_sid), KOL_TEXT(c->api_key_secret),
                               KOL_INT(now_ms)),
                      ret_changes, err);
}

enum kol_code kol_account_add(struct kol_db *db, const struct kol_account *account, int64_t now_ms,
                              struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code = put(db, KOL_SQL_account_add, account, now_ms, &changes, err);

    if (code == KOL_OK && changes == 0)
        return kol_fail(err, KOL_CONFLICT, "account %s is there already: kol account set",
                        account->account_sid);
    return code;
}

enum kol_code kol_account_update(struct kol_db *db, const struct kol_account *account,
                                 int64_t now_ms, struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code = put(db, KOL_SQL_account_update, account, now_ms, &changes, err);

    if (code == KOL_OK && changes == 0)
        return kol_fail(err, KOL_NOT_FOUND, "there is no account %s", account->account_sid);
    return code;
}

enum kol_code kol_account_remove(struct kol_db *db, const char *account_sid, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_account *account = NULL;
    int64_t changes = 0;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "remove an account: out of memory");
    enum kol_code code = kol_account_by_sid(db, a, account_sid, &account, err);
    if (code == KOL_OK && !account)
        return kol_fail(err, KOL_NOT_FOUND, "there is no account %s", account_sid);
    if (code == KOL_OK)
        code =
            kol_db_run(db, KOL_SQL_account_remove, KOL_ARGS(KOL_TEXT(account_sid)), &changes, err);
    if (code == KOL_OK && changes == 0)
        return kol_fail(err, KOL_CONFLICT,
                        "businesses belong to account %s: give them another one first",
                        account_sid);
    return code;
}
