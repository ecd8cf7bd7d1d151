/*
 * client.h - what the requests to Twilio share. Private to this folder.
 */
#ifndef KOL_TWILIO_CLIENT_H
#define KOL_TWILIO_CLIENT_H

#include "base/str.h"
#include "twilio/account.h"
#include "twilio/rest.h"

struct kol_twilio {
    const struct kol_conf *conf;
    struct kol_writer *writer; /* NULL: only the account of the settings is known */
    struct kol_http *http;
    struct kol_login login; /* of the request under way; wiped after it */
    const atomic_bool *stop;
    int64_t retry_after_ms;
    bool held_back; /* by the account's gate: nothing was sent */
};

/* Everything that goes into a URL passes here. Errors: BAD_INPUT. */
enum kol_code kol_twilio_check_sids(const char *account_sid, const char *sid, const char *prefix,
                                    struct kol_err *err) KOL_MUST_CHECK;
/* NULL: out of memory, or path was NULL. */
const char *kol_twilio_under_base(struct kol_arena *a, const struct kol_twilio *t,
                                  const char *path);
/*
 * The credentials of that account for a request; they stay in t->login, which is wiped after it.
 * Errors: REFUSED: there are none, or they cannot be read; those of the database.
 */
enum kol_code kol_twilio_log_in(struct kol_twilio *t, const char *account_sid,
                                struct kol_http_request *r, struct kol_err *err) KOL_MUST_CHECK;
/*
 * Sends it in the account's turn, with its credentials.
 *   follow   redirects too, for media
 * Errors: RATE_LIMITED with held_back: not now, see kol_twilio_retry_after_ms().
 */
enum kol_code kol_twilio_send(struct kol_arena *a, struct kol_twilio *t, const char *account_sid,
                              struct kol_http_request *request, bool follow,
                              struct kol_http_response *ret, struct kol_err *err) KOL_MUST_CHECK;
/* What an answer means; the path tells people which resource it was. Keeps its Retry-After. */
enum kol_code kol_twilio_judge(struct kol_twilio *t, const struct kol_http_response *r,
                               const char *path, struct kol_err *err) KOL_MUST_CHECK;
/*
 * Asks for a resource, or changes it.
 *
 *   path  under the API's base, made of checked SIDs
 *   form  what is posted, encoded; NULL: GET
 */
enum kol_code kol_twilio_ask(struct kol_arena *a, struct kol_twilio *t, const char *account_sid,
                             const char *path, const char *form, uint64_t max_bytes, json_t **ret,
                             struct kol_err *err) KOL_MUST_CHECK;
/* Adds a value of a query or form: what RFC 3986 calls unreserved stays, other bytes are escaped.
 */
void kol_twilio_add_escaped(struct kol_str *s, const char *text);

#endif
