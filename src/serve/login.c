/* login.c - see login.h; the one-time link of serve.h is made here too. */
#include "serve/login.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "conf/conf.h"
#include "serve/auth.h"
#include "serve/credentials.h"
#include "serve/server.h"
#include <string.h>

enum { TOKEN_BYTES = 32 };
static const int64_t day_ms = 86400000;

struct login {
    char taken_hash[65]; /* of the one-time token; "" when a key was given */
    char session_hash[65];
    char session[KOL_TOKEN_TEXT];
    struct kol_principal who;
    bool found;
};

static void new_token(char ret[static KOL_TOKEN_TEXT], char hash[static 65])
{
    kol_random_token(TOKEN_BYTES, ret);
    kol_sha256_hex(ret, strlen(ret), hash);
}

static enum kol_code save_session(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct login *l = arg;
    int64_t now_ms = kol_wall_ms();
    enum kol_code code = KOL_OK;

    if (*l->taken_hash) {
        l->found = false;
        code = kol_login_take(db, l->taken_hash, now_ms, &l->found, &l->who, err);
    }
    if (code != KOL_OK || !l->found)
        return code;
    code = kol_session_add(db, "session", l->session_hash, &l->who,
                           now_ms + KOL_SESSION_DAYS * day_ms, now_ms, err);
    if (code != KOL_OK)
        return code;
    return kol_audit_add(db, &l->who, "login", *l->taken_hash ? "one-time link" : "key", now_ms,
                         err);
}

/*
 * Secure when the browser came over https. Its Origin header says so whatever a proxy did to the
 * rest; without one the public address decides, if it is the one that was asked.
 */
static bool came_over_https(const struct kol_request *rq)
{
    const char *origin = kol_request_header(rq, "Origin");
    const char *host = kol_request_header(rq, "Host");

    if (origin && strcmp(origin, "null") != 0)
        return kol_starts_with(origin, "https://");
    return kol_same_origin(kol_arena_fmt(rq->arena, "https://%s", host ? host : ""),
                           rq->conf->public_url);
}

static const char *cookie_text(struct kol_request *rq, bool https, const char *value, int64_t age_s)
{
    return kol_arena_fmt(rq->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
                         https ? KOL_COOKIE_HTTPS : KOL_COOKIE_HTTP, value, (long long)age_s,
                         https ? "; Secure" : "");
}

static void answer_login(struct kol_request *rq, enum kol_code code, const struct kol_err *err)
{
    struct login *l = rq->data;

    if (code != KOL_OK) {
        kol_answer_err(rq, err);
        return;
    }
    if (!l->found) {
        kol_answer_error(rq, 401, "unauthorized",
                         "this login link was used already or has expired");
        return;
    }
    kol_answer_header(
        rq, "Set-Cookie",
        cookie_text(rq, came_over_https(rq), l->session, KOL_SESSION_DAYS * day_ms / 1000));
    json_t *json = json_object();
    kol_json_set_str(json, "name", l->who.name);
    kol_json_set(json, "operator", json_boolean(l->who.business_id == 0));
    kol_answer_json(rq, 200, json);
}

/* A key is checked before anything is written. False after answering. */
static bool check_key(struct kol_request *rq, const char *key, struct login *l)
{
    struct kol_db *db = kol_request_db(rq);
    struct kol_err err;

    if (!db)
        return false;
    enum kol_code code = kol_auth_key(db, key, &l->who, &err);
    kol_reader_return(rq->writer, db);
    if (code != KOL_OK)
        kol_answer_err(rq, &err);
    l->found = code == KOL_OK;
    return l->found;
}

/* True when nothing says that a page of another site sent this; scripts may log in, too. */
static bool login_may_come(struct kol_request *rq)
{
    if (!kol_request_header(rq, "Origin") && !kol_request_header(rq, "Sec-Fetch-Site"))
        return true;
    return kol_auth_same_site(rq);
}

void kol_login(struct kol_request *rq)
{
    if (!login_may_come(rq))
        return;
    KOL_JSON json = kol_request_json(rq);
    struct login *l = kol_arena_alloc(rq->arena, sizeof *l);
    if (!json || !l)
        return;

    const char *token = kol_json_get_str(json, "token");
    const char *key = kol_json_get_str(json, "key");
    if (!token == !key) {
        kol_answer_error(rq, 400, "bad_input", "give a token or a key");
        return;
    }
    if (key && !check_key(rq, key, l))
        return;
    if (token)
        kol_sha256_hex(token, strlen(token), l->taken_hash);
    new_token(l->session, l->session_hash);
    rq->data = l;
    kol_request_change(rq, save_session, l, answer_login);
}

static enum kol_code end_session(struct kol_db *db, void *arg, struct kol_err *err)
{
    return kol_session_remove(db, arg, err);
}

static void answer_logout(struct kol_request *rq, enum kol_code code, const struct kol_err *err)
{
    if (code != KOL_OK) {
        kol_answer_err(rq, err);
        return;
    }
    kol_answer_header(rq, "Set-Cookie", cookie_text(rq, true, "", 0));
    kol_answer_header(rq, "Set-Cookie", cookie_text(rq, false, "", 0));
    kol_answer_json(rq, 200, json_object());
}

void kol_logout(struct kol_request *rq)
{
    char token[KOL_TOKEN_TEXT];
    char *hash = kol_arena_alloc(rq->arena, 65);

    if (!hash)
        return;
    if (!kol_auth_session_token(rq, token))
        token[0] = '\0';
    kol_sha256_hex(token, strlen(token), hash);
    kol_request_change(rq, end_session, hash, answer_logout);
}

static enum kol_code save_login(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct kol_principal operator= {.name = "login link"};
    int64_t now_ms = kol_wall_ms();

    return kol_session_add(db, "login", arg, &operator, now_ms + KOL_LOGIN_MINUTES * 60000LL,
                           now_ms, err);
}

enum kol_code kol_serve_login_link(struct kol_serve *s, char *ret, size_t size, struct kol_err *err)
{
    const char *host = s->options.conf->listen_host;
    char token[KOL_TOKEN_TEXT], hash[65];

    /* Addresses that mean "all of mine" are none to go to. */
    if (kol_str_empty(host) || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
        host = "127.0.0.1";
    bool v6 = strchr(host, ':') != NULL;

    new_token(token, hash);
    enum kol_code code = kol_write(s->options.writer, save_login, hash, err);
    if (code != KOL_OK)
        return code;
    int len = snprintf(ret, size, "http://%s%s%s:%d/login?token=%s", v6 ? "[" : "", host,
                       v6 ? "]" : "", s->port, token);
    return len < (int)size ? KOL_OK : kol_fail(err, KOL_BUG, "login link: buffer too small");
}
