#include "store/access.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "store/fact.h"

#include <string.h>

#define MAX_LISTED 1000

static enum kol_code find_principal(struct kol_db *db, enum kol_sql id, struct kol_args args,
                                    bool *ret_found, struct kol_principal *ret, struct kol_err *err)
{
    KOL_STMT st = NULL;
    enum kol_code code = kol_db_query(db, id, args, &st, err);

    if (code == KOL_OK)
        code = kol_step(st, ret_found, err);
    if (code != KOL_OK || !*ret_found)
        return code;
    ret->key_id = kol_col_int(st, 0);
    ret->business_id = kol_col_int(st, 1);
    snprintf(ret->name, sizeof(ret->name), "%s", kol_col_text(st, 2));
    return KOL_OK;
}

enum kol_code kol_key_find(struct kol_db *db, const char *hash, bool *ret_found,
                           struct kol_principal *ret, struct kol_err *err)
{
    return find_principal(db, KOL_SQL_key_find, KOL_ARGS(KOL_TEXT(hash)), ret_found, ret, err);
}

enum kol_code kol_session_find(struct kol_db *db, const char *hash, int64_t now_ms, bool *ret_found,
                               struct kol_principal *ret, struct kol_err *err)
{
    return find_principal(db, KOL_SQL_session_find, KOL_ARGS(KOL_TEXT(hash), KOL_INT(now_ms)),
                          ret_found, ret, err);
}

static void read_key(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    *(struct kol_key *)row = (struct kol_key){
        .id = kol_col_int(st, 0),
        .business_id = kol_col_int(st, 1),
        .name = kol_col_dup(a, st, 2),
        .hint = kol_col_dup(a, st, 3),
        .created_at_ms = kol_col_int(st, 4),
        .revoked_at_ms = kol_col_int(st, 5),
    };
}

enum kol_code kol_key_list(struct kol_db *db, struct kol_arena *a, struct kol_key **ret,
                           size_t *ret_count, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code = kol_db_rows(db, a, KOL_SQL_key_list, KOL_NO_ARGS, sizeof(struct kol_key),
                                     MAX_LISTED, read_key, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

/* ---- changes ---- */

enum kol_code kol_key_add(struct kol_db *db, int64_t business_id, const char *name,
                          const char *hash, const char *hint, int64_t now_ms, int64_t *ret_id,
                          struct kol_err *err)
{
    enum kol_code code = kol_db_run(db, KOL_SQL_key_add,
                                    KOL_ARGS(KOL_INT_OR_NULL(business_id), KOL_TEXT(name),
                                             KOL_TEXT(hash), KOL_TEXT(hint), KOL_INT(now_ms)),
                                    NULL, err);

    if (code == KOL_CONFLICT && business_id)
        return kol_fail(err, KOL_NOT_FOUND, "there is no business %lld", (long long)business_id);
    if (code == KOL_OK)
        *ret_id = kol_db_last_id(db);
    return code;
}

enum kol_code kol_key_revoke(struct kol_db *db, int64_t id, int64_t now_ms, struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code =
        kol_db_run(db, KOL_SQL_key_revoke, KOL_ARGS(KOL_INT(id), KOL_INT(now_ms)), &changes, err);

    if (code != KOL_OK)
        return code;
    if (changes == 0)
        return kol_fail(err, KOL_NOT_FOUND, "there is no key %lld in use", (long long)id);
    return kol_db_run(db, KOL_SQL_key_sessions_remove, KOL_ARGS(KOL_INT(id)), NULL, err);
}

enum kol_code kol_session_add(struct kol_db *db, const char *kind, const char *hash,
                              const struct kol_principal *who, int64_t expires_at_ms,
                              int64_t now_ms, struct kol_err *err)
{
    enum kol_code code =
        kol_db_run(db, KOL_SQL_session_expire, KOL_ARGS(KOL_INT(now_ms)), NULL, err);

    if (code != KOL_OK)
        return code;
    return kol_db_run(db, KOL_SQL_session_add,
                      KOL_ARGS(KOL_TEXT(hash), KOL_TEXT(kind), KOL_INT_OR_NULL(who->key_id),
                               KOL_INT_OR_NULL(who->business_id), KOL_TEXT(who->name),
                               KOL_INT(expires_at_ms), KOL_INT(now_ms)),
                      NULL, err);
}

enum kol_code kol_login_take(struct kol_db *db, const char *hash, int64_t now_ms, bool *ret_found,
                             struct kol_principal *ret, struct kol_err *err)
{
    enum kol_code code = find_principal(
        db, KOL_SQL_login_find, KOL_ARGS(KOL_TEXT(hash), KOL_INT(now_ms)), ret_found, ret, err);

    if (code != KOL_OK || !*ret_found)
        return code;
    return kol_session_remove(db, hash, err);
}

enum kol_code kol_session_remove(struct kol_db *db, const char *hash, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_session_remove, KOL_ARGS(KOL_TEXT(hash)), NULL, err);
}

enum kol_code kol_link_secret(struct kol_db *db, char ret[static 65], struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    uint8_t fresh[32];
    char hex[65];
    char *stored = NULL;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "link secret: out of memory");
    kol_random_bytes(fresh, sizeof(fresh));
    kol_hex(fresh, sizeof(fresh), hex);
    enum kol_code code = kol_fact_add(db, "link_secret", hex, err);
    if (code == KOL_OK)
        code = kol_fact_get(db, a, "link_secret", &stored, err);
    if (code != KOL_OK)
        return code;
    if (!stored || strlen(stored) != 64)
        return kol_fail(err, KOL_BUG, "link secret: the stored one is damaged");
    memcpy(ret, stored, 65);
    return KOL_OK;
}

enum kol_code kol_audit_add(struct kol_db *db, const struct kol_principal *who, const char *action,
                            const char *subject, int64_t now_ms, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_audit_add,
                      KOL_ARGS(KOL_INT(now_ms), KOL_INT_OR_NULL(who->key_id), KOL_TEXT(who->name),
                               KOL_TEXT(action), KOL_TEXT(subject)),
                      NULL, err);
}
