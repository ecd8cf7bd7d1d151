/* account.c - see account.h. */
#include "twilio/account.h"
#include "base/crypto.h"
#include "base/str.h"
#include <string.h>

bool kol_account_is_settings(const struct kol_conf *conf, const char *account_sid)
{
    return !kol_str_empty(conf->twilio_account_sid) &&
           kol_streq(conf->twilio_account_sid, account_sid);
}

const char *kol_account_place(struct kol_arena *a, const char *account_sid, const char *column)
{
    return kol_arena_fmt(a, "%s/%s", account_sid, column);
}

void kol_login_wipe(struct kol_login *login)
{
    kol_wipe(login, sizeof *login);
}

void kol_tokens_wipe(struct kol_tokens *tokens)
{
    kol_wipe(tokens, sizeof *tokens);
}

static enum kol_code copy(const char *what, const char *value, char ret[static KOL_CREDENTIAL_TEXT],
                          struct kol_err *err)
{
    size_t len = strlen(value);

    if (len >= KOL_CREDENTIAL_TEXT)
        return kol_fail(err, KOL_BAD_CONFIG, "%s is too long", what);
    memcpy(ret, value, len + 1);
    return KOL_OK;
}

/* ret stays "" when nothing is stored. */
static enum kol_code read_secret(struct kol_arena *a, const struct kol_conf *conf,
                                 const struct kol_account *account, const char *column,
                                 const char *stored, char ret[static KOL_CREDENTIAL_TEXT],
                                 struct kol_err *err)
{
    const char *place = kol_account_place(a, account->account_sid, column);

    *ret = '\0';
    if (!stored)
        return KOL_OK;
    if (!place)
        return kol_fail(err, KOL_NO_MEMORY, "read credentials: out of memory");
    enum kol_code code =
        kol_secret_read(conf->secrets_key_file, place, stored, ret, KOL_CREDENTIAL_TEXT, err);
    if (code != KOL_OK)
        return kol_err_prefix(err, "%s of account %s", column, account->account_sid);
    return KOL_OK;
}

static enum kol_code load(struct kol_db *db, struct kol_arena *a, const char *account_sid,
                          struct kol_account **ret, struct kol_err *err)
{
    *ret = NULL;
    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "read credentials: out of memory");
    return db ? kol_account_by_sid(db, a, account_sid, ret, err) : KOL_OK;
}

/* ---- requests ---- */

static enum kol_code login_of_settings(const struct kol_conf *conf, struct kol_login *ret,
                                       struct kol_err *err)
{
    bool key = !kol_str_empty(conf->twilio_api_key_sid);

    if (!key && kol_str_empty(conf->twilio_auth_token))
        return kol_fail(err, KOL_REFUSED,
                        "no credentials for Twilio: set twilio_auth_token or an API key");
    enum kol_code code =
        copy("twilio_api_key_sid or twilio_account_sid",
             key ? conf->twilio_api_key_sid : conf->twilio_account_sid, ret->user, err);
    if (code == KOL_OK)
        code =
            copy(key ? "twilio_api_key_secret" : "twilio_auth_token",
                 key ? conf->twilio_api_key_secret : conf->twilio_auth_token, ret->password, err);
    return code;
}

static enum kol_code login_of_row(struct kol_arena *a, const struct kol_conf *conf,
                                  const struct kol_account *account, struct kol_login *ret,
                                  struct kol_err *err)
{
    bool key = !kol_str_empty(account->api_key_sid);
    const char *stored = key ? account->api_key_secret : account->auth_token;

    if (kol_str_empty(stored))
        return kol_fail(err, KOL_REFUSED, "account %s has no credentials: kol account set",
                        account->account_sid);
    enum kol_code code =
        copy("the API key", key ? account->api_key_sid : account->account_sid, ret->user, err);
    if (code == KOL_OK)
        code = read_secret(a, conf, account, key ? "api_key_secret" : "auth_token", stored,
                           ret->password, err);
    return code;
}

enum kol_code kol_account_login(struct kol_db *db, const struct kol_conf *conf,
                                const char *account_sid, struct kol_login *ret, struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_account *account = NULL;
    enum kol_code code = KOL_OK;

    *ret = (struct kol_login){0};
    if (kol_account_is_settings(conf, account_sid)) {
        code = login_of_settings(conf, ret, err);
    } else {
        code = load(db, a, account_sid, &account, err);
        if (code == KOL_OK && !account)
            code = kol_fail(err, KOL_REFUSED, "no credentials for account %s: kol account add",
                            account_sid);
        if (code == KOL_OK)
            code = login_of_row(a, conf, account, ret, err);
    }
    if (code == KOL_BAD_CONFIG || code == KOL_IO) { /* waits for a person, and is not given up */
        code = KOL_REFUSED;
        if (err)
            err->code = code;
    }
    return code;
}

/* ---- signatures ---- */

static enum kol_code tokens_of_row(struct kol_arena *a, const struct kol_conf *conf,
                                   const struct kol_account *account, struct kol_tokens *ret,
                                   struct kol_err *err)
{
    struct kol_err why = {0};
    enum kol_code first =
        read_secret(a, conf, account, "auth_token", account->auth_token, ret->token[0], &why);
    enum kol_code second =
        read_secret(a, conf, account, "auth_token_second", account->auth_token_second,
                    ret->token[1], first == KOL_OK ? &why : &(struct kol_err){0});

    if (*ret->token[0] || *ret->token[1])
        return KOL_OK; /* one that can be read is enough; kol doctor tells of the other */
    if (first != KOL_OK || second != KOL_OK)
        return kol_fail(err, why.code, "%s", why.msg);
    return kol_fail(err, KOL_BAD_CONFIG, "account %s has no auth token: kol account set",
                    account->account_sid);
}

enum kol_code kol_account_tokens(struct kol_db *db, const struct kol_conf *conf,
                                 const char *account_sid, struct kol_tokens *ret,
                                 struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_account *account = NULL;

    *ret = (struct kol_tokens){0};
    if (kol_account_is_settings(conf, account_sid)) {
        enum kol_code code = copy("twilio_auth_token", conf->twilio_auth_token, ret->token[0], err);
        if (code == KOL_OK)
            code = copy("twilio_auth_token_second", conf->twilio_auth_token_second, ret->token[1],
                        err);
        return code;
    }
    enum kol_code code = load(db, a, account_sid, &account, err);
    if (code == KOL_OK && !account)
        return kol_fail(err, KOL_FORBIDDEN, "AccountSid is not an account of this server");
    return code == KOL_OK ? tokens_of_row(a, conf, account, ret, err) : code;
}

/* ---- have they changed? ---- */

enum kol_code kol_account_fingerprint(struct kol_db *db, const struct kol_conf *conf,
                                      const char *account_sid, char ret[static 65],
                                      struct kol_err *err)
{
    KOL_LOGIN login;
    char text[2 * KOL_CREDENTIAL_TEXT + 64];
    struct kol_err why = {0};
    enum kol_code code = kol_account_login(db, conf, account_sid, &login, &why);

    if (code != KOL_OK && code != KOL_REFUSED) {
        if (err)
            *err = why;
        return code;
    }
    int len = snprintf(text, sizeof text, "%s\n%s\n%s", account_sid, login.user,
                       code == KOL_OK ? login.password : "");
    kol_sha256_hex(text, (size_t)len < sizeof text ? (size_t)len : sizeof text, ret);
    kol_wipe(text, sizeof text);
    return KOL_OK;
}
