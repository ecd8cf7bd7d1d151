/* auth.c - see auth.h. */
#include "serve/auth.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "conf/conf.h"
#include "serve/credentials.h"
#include "serve/router.h"
#include "serve/serve.h"
#include <string.h>

bool kol_auth_session_token(const struct kol_request *rq, char ret[static KOL_TOKEN_TEXT])
{
    const char *cookies = kol_request_header(rq, "Cookie");

    return kol_cookie_read(cookies, KOL_COOKIE_HTTPS, ret, KOL_TOKEN_TEXT) ||
           kol_cookie_read(cookies, KOL_COOKIE_HTTP, ret, KOL_TOKEN_TEXT);
}

enum kol_code kol_auth_key(struct kol_db *db, const char *key, struct kol_principal *ret,
                           struct kol_err *err)
{
    char hash[65];
    bool found = false;

    if (!kol_key_well_formed(key))
        return kol_fail(err, KOL_UNAUTHORIZED, "this is no key of kol, or it has a typing error");
    kol_sha256_hex(key, strlen(key), hash);
    enum kol_code code = kol_key_find(db, hash, &found, ret, err);
    if (code != KOL_OK)
        return code;
    return found ? KOL_OK : kol_fail(err, KOL_UNAUTHORIZED, "this key is unknown or was revoked");
}

static enum kol_code find_session(struct kol_db *db, const char *token, struct kol_principal *ret,
                                  struct kol_err *err)
{
    char hash[65];
    bool found = false;

    kol_sha256_hex(token, strlen(token), hash);
    enum kol_code code = kol_session_find(db, hash, kol_wall_ms(), &found, ret, err);
    if (code != KOL_OK)
        return code;
    return found ? KOL_OK : kol_fail(err, KOL_UNAUTHORIZED, "the session has ended: log in again");
}

/* A key counts before a session: a program that sends one never means the browser's. */
static enum kol_code identify(struct kol_request *rq, struct kol_db *db, struct kol_err *err)
{
    const char *header = kol_request_header(rq, "Authorization");
    char token[KOL_TOKEN_TEXT];
    enum kol_code code;

    if (header && !kol_bearer_read(header, token, sizeof token))
        return kol_fail(err, KOL_UNAUTHORIZED, "send the key as Authorization: Bearer kol_...");
    if (header) {
        code = kol_auth_key(db, token, &rq->who, err);
    } else if (kol_auth_session_token(rq, token)) {
        code = find_session(db, token, &rq->who, err);
        rq->by_cookie = true;
    } else {
        code = kol_fail(err, KOL_UNAUTHORIZED, "a key or a login is needed");
    }
    rq->known = code == KOL_OK;
    return code;
}

bool kol_auth_same_site(struct kol_request *rq)
{
    struct kol_provenance from = {
        .sec_fetch_site = kol_request_header(rq, "Sec-Fetch-Site"),
        .origin = kol_request_header(rq, "Origin"),
        .csrf = kol_request_header(rq, "X-Kol-Csrf"),
        .host = kol_request_header(rq, "Host"),
        .public_url = rq->conf->public_url,
    };

    if (kol_csrf_ok(&from))
        return true;
    kol_answer_error(rq, 403, "cross_site",
                     "a request with a session must come from a page of this server "
                     "(Sec-Fetch-Site, Origin or X-Kol-Csrf says so)");
    return false;
}

static bool is_safe(enum kol_method method)
{
    return method == KOL_GET || method == KOL_HEAD || method == KOL_OPTIONS;
}

static bool refuse(struct kol_request *rq, const struct kol_err *err)
{
    if (err->code != KOL_UNAUTHORIZED) {
        kol_answer_err(rq, err);
        return false;
    }
    if (rq->route->auth == KOL_AUTH_PAGE) {
        const char *to = kol_local_path(rq->path) ? rq->path : "/";
        kol_answer_header(rq, "Location", kol_arena_fmt(rq->arena, "/login?next=%s", to));
        kol_answer_bytes(rq, 303, "text/plain; charset=utf-8", "", 0);
        return false;
    }
    kol_answer_header(rq, "WWW-Authenticate", "Bearer realm=\"kol\"");
    kol_answer_error(rq, 401, "unauthorized", "%s", err->msg);
    return false;
}

bool kol_auth_check(struct kol_request *rq)
{
    enum kol_auth auth = rq->route->auth;
    struct kol_err err;

    if (auth == KOL_AUTH_OPEN || (auth == KOL_AUTH_MEDIA && kol_request_arg(rq, "sig")))
        return true;
    struct kol_db *db = kol_request_db(rq);
    if (!db)
        return false;
    enum kol_code code = identify(rq, db, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK)
        return refuse(rq, &err);

    if (rq->by_cookie && !is_safe(rq->method) && !kol_auth_same_site(rq))
        return false;
    if (auth == KOL_AUTH_OPERATOR && rq->who.business_id != 0) {
        kol_answer_error(rq, 403, "forbidden", "this is for the operator's key");
        return false;
    }
    return true;
}
