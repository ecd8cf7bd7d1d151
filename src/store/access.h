/*
 * access.h - API keys, browser sessions, one-time logins and the audit log. Secrets are stored as
 * SHA-256 only.
 */
#ifndef KOL_STORE_ACCESS_H
#define KOL_STORE_ACCESS_H

#include "store/db.h"

/* Who asks. */
struct kol_principal {
    int64_t key_id;      /* 0 for a login made at the console */
    int64_t business_id; /* 0: the operator, who sees all */
    char name[64];
};

struct kol_key {
    int64_t id;
    int64_t business_id;
    const char *name;
    const char *hint; /* first characters, to tell keys apart */
    int64_t created_at_ms, revoked_at_ms;
};

/* hash is the hex SHA-256 of the whole key or token. ret_found false: unknown, revoked or expired.
 */
enum kol_code kol_key_find(struct kol_db *db, const char *hash, bool *ret_found,
                           struct kol_principal *ret, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_key_list(struct kol_db *db, struct kol_arena *a, struct kol_key **ret,
                           size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_session_find(struct kol_db *db, const char *hash, int64_t now_ms, bool *ret_found,
                               struct kol_principal *ret, struct kol_err *err) KOL_MUST_CHECK;
/* ---- changes ---- */
enum kol_code kol_key_add(struct kol_db *db, int64_t business_id, const char *name,
                          const char *hash, const char *hint, int64_t now_ms, int64_t *ret_id,
                          struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_key_revoke(struct kol_db *db, int64_t id, int64_t now_ms,
                             struct kol_err *err) KOL_MUST_CHECK;
/* kind: "login" (one use) or "session". */
enum kol_code kol_session_add(struct kol_db *db, const char *kind, const char *hash,
                              const struct kol_principal *who, int64_t expires_at_ms,
                              int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;
/* Uses up a one-time login token. ret_found false: unknown, used or expired. */
enum kol_code kol_login_take(struct kol_db *db, const char *hash, int64_t now_ms, bool *ret_found,
                             struct kol_principal *ret, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_session_remove(struct kol_db *db, const char *hash,
                                 struct kol_err *err) KOL_MUST_CHECK;
/* Random bytes that signed links are made with; made once per database. ret is 64 hex digits. */
enum kol_code kol_link_secret(struct kol_db *db, char ret[static 65],
                              struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_audit_add(struct kol_db *db, const struct kol_principal *who, const char *action,
                            const char *subject, int64_t now_ms,
                            struct kol_err *err) KOL_MUST_CHECK;

#endif
