/*
 * account.h - Twilio accounts beside the one of the settings; their secrets as they are stored.
 *
 * What a secret column holds is never the secret itself: see base/secret.h; twilio/account.h reads
 * it.
 */
#ifndef KOL_STORE_ACCOUNT_H
#define KOL_STORE_ACCOUNT_H

#include "store/db.h"

struct kol_account {
    const char *account_sid;
    const char *name;
    const char *auth_token;        /* stored form; NULL: none */
    const char *auth_token_second; /* stored form; NULL: none */
    const char *api_key_sid;       /* NULL: none */
    const char *api_key_secret;    /* stored form; NULL: none */
    int64_t created_at_ms, updated_at_ms;
};

/* NULL and KOL_OK when there is none. */
enum kol_code kol_account_by_sid(struct kol_db *db, struct kol_arena *a, const char *account_sid,
                                 struct kol_account **ret, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_account_list(struct kol_db *db, struct kol_arena *a, struct kol_account **ret,
                               size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_account_count(struct kol_db *db, int64_t *ret,
                                struct kol_err *err) KOL_MUST_CHECK;

/* ---- changes ---- */
/* CONFLICT when it is there already. */
enum kol_code kol_account_add(struct kol_db *db, const struct kol_account *account, int64_t now_ms,
                              struct kol_err *err) KOL_MUST_CHECK;
/* NOT_FOUND when it is not there. */
enum kol_code kol_account_update(struct kol_db *db, const struct kol_account *account,
                                 int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;
/* NOT_FOUND; CONFLICT while a business belongs to it. */
enum kol_code kol_account_remove(struct kol_db *db, const char *account_sid,
                                 struct kol_err *err) KOL_MUST_CHECK;

#endif
