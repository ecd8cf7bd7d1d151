/*
 * auth.h - may this request be answered, and for whom?
 *
 * A key or a session, from any address: nothing is trusted because of where it comes from, and no
 * X-Forwarded-* header is read. Source: design.md in short: keys belong to one business or to the
 * operator; a foreign id is 404, which the handlers see to with kol_request_may_see().
 */
#ifndef KOL_SERVE_AUTH_H
#define KOL_SERVE_AUTH_H

#include "serve/request.h"

enum { KOL_SESSION_DAYS = 7, KOL_LOGIN_MINUTES = 60 };

/* Fills rq->known, rq->who. False: it has answered (401, 403, 303 to the login page, 503). */
bool kol_auth_check(struct kol_request *rq);

/* The session token that came with the request. False when there is none. */
#define KOL_TOKEN_TEXT 64
bool kol_auth_session_token(const struct kol_request *rq, char ret[static KOL_TOKEN_TEXT]);

/* Is the key good? Errors: UNAUTHORIZED; those of the database. */
enum kol_code kol_auth_key(struct kol_db *db, const char *key, struct kol_principal *ret,
                           struct kol_err *err) KOL_MUST_CHECK;

/* Refuses requests that another site's page may have sent: false after answering 403. */
bool kol_auth_same_site(struct kol_request *rq);

/* Cookie names: with https the browser guards the name, so that no other host can plant one. */
#define KOL_COOKIE_HTTPS "__Host-kol_session"
#define KOL_COOKIE_HTTP "kol_session"

#endif
