/*
 * account.h - the credentials of an account: those of the settings, or of its row, made readable.
 *
 * Used by: rest.c (requests), intake (signatures), cli. Knows: settings, rows, where secrets are.
 * Does not know: what they are used for. Secrets live in the caller's struct, which wipes itself.
 * Threading: pure functions over a connection.
 */
#ifndef KOL_TWILIO_ACCOUNT_H
#define KOL_TWILIO_ACCOUNT_H

#include "base/secret.h"
#include "conf/conf.h"
#include "store/account.h"

#define KOL_CREDENTIAL_TEXT 256 /* longest token or key, with its NUL */

/* Is it the account of the settings? Its row, should there be one, has no say. */
bool kol_account_is_settings(const struct kol_conf *conf, const char *account_sid);

/* What a secret of a row is sealed for: "AC…/auth_token". column: as in the database. */
const char *kol_account_place(struct kol_arena *a, const char *account_sid, const char *column);

/* How requests of an account log in: its API key, else its SID and auth token. */
struct kol_login {
    char user[KOL_CREDENTIAL_TEXT];
    char password[KOL_CREDENTIAL_TEXT];
};
/*
 * db: may be NULL for the account of the settings.
 * Errors: REFUSED (no such account, no credentials, or they cannot be read: an operator has to do
 * something), those of the database, NO_MEMORY.
 */
enum kol_code kol_account_login(struct kol_db *db, const struct kol_conf *conf,
                                const char *account_sid, struct kol_login *ret,
                                struct kol_err *err) KOL_MUST_CHECK;
void kol_login_wipe(struct kol_login *login);
#define KOL_LOGIN __attribute__((cleanup(kol_login_wipe))) struct kol_login

/* What signs an account's callbacks: its token and, while tokens change, the other one. */
struct kol_tokens {
    char token[2][KOL_CREDENTIAL_TEXT]; /* "": none */
};
/*
 * db: may be NULL for the account of the settings.
 * Errors: FORBIDDEN (no such account), BAD_CONFIG (no token can be read), those of the database.
 */
enum kol_code kol_account_tokens(struct kol_db *db, const struct kol_conf *conf,
                                 const char *account_sid, struct kol_tokens *ret,
                                 struct kol_err *err) KOL_MUST_CHECK;
void kol_tokens_wipe(struct kol_tokens *tokens);
#define KOL_TOKENS __attribute__((cleanup(kol_tokens_wipe))) struct kol_tokens

/*
 * A digest of what an account's requests log in with now; it changes when they would log in
 * otherwise. Of what cannot be read it is another digest than of anything readable.
 */
enum kol_code kol_account_fingerprint(struct kol_db *db, const struct kol_conf *conf,
                                      const char *account_sid, char ret[static 65],
                                      struct kol_err *err) KOL_MUST_CHECK;

#endif
