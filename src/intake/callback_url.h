/*
 * callback_url.h - the URLs that Twilio is told, and the token in them that names a business.
 *
 * https://kol.example.com/webhook/call_status?kol=7.dGhpcyBpcyBub3Qgb25l#rc=5&rp=5xx,ct,rt
 *
 * The token is a business and a MAC over it and its account, made with a secret of this database: a
 * token of another business, account or database does not fit. It is part of what Twilio signs.
 * Used by: intake (reading), cli (kol twilio urls, check, configure). Threading: pure functions.
 */
#ifndef KOL_INTAKE_CALLBACK_URL_H
#define KOL_INTAKE_CALLBACK_URL_H

#include "conf/conf.h"
#include "intake/intake.h"

/* Twilio's connection overrides: five tries more, after 5xx, failed connections and time-outs. */
#define KOL_CALLBACK_OVERRIDES "#rc=5&rp=5xx,ct,rt"
#define KOL_CALLBACK_SECRET 65
#define KOL_CALLBACK_TOKEN 48

/* The secret of this database. ret "": it was not made yet, so no token can be right. */
enum kol_code kol_callback_secret(struct kol_db *db, char ret[static KOL_CALLBACK_SECRET],
                                  struct kol_err *err) KOL_MUST_CHECK;
/* The same in a change: makes it when it is not there. */
enum kol_code kol_callback_secret_make(struct kol_db *db, char ret[static KOL_CALLBACK_SECRET],
                                       struct kol_err *err) KOL_MUST_CHECK;

void kol_callback_token(const char *secret, int64_t business_id, const char *account_sid,
                        char ret[static KOL_CALLBACK_TOKEN]);
/*
 * Errors: FORBIDDEN: another form, another business, account or secret.
 *
 *   token  not NUL-terminated, as it stands in the query
 */
enum kol_code kol_callback_token_read(const char *secret, const char *token, size_t token_len,
                                      const char *account_sid, int64_t *ret_business_id,
                                      struct kol_err *err) KOL_MUST_CHECK;

/*
 * The parameter kol of a request target. ret NULL: there is none. Errors: FORBIDDEN: more than one.
 */
enum kol_code kol_callback_token_find(const char *target, const char **ret, size_t *ret_len,
                                      struct kol_err *err) KOL_MUST_CHECK;

/*
 * The URL to give to Twilio for one kind of callbacks of one business, overrides included.
 * Errors: BAD_CONFIG (public_url is not set), NO_MEMORY.
 */
enum kol_code kol_callback_url(struct kol_arena *a, const struct kol_conf *conf, const char *secret,
                               enum kol_intake_kind kind, int64_t business_id,
                               const char *account_sid, const char **ret,
                               struct kol_err *err) KOL_MUST_CHECK;

#endif
