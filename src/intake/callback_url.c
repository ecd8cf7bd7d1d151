/* callback_url.c - see callback_url.h. */
#include "intake/callback_url.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "store/fact.h"
#include "twilio/signature.h"
#include <string.h>

#define SECRET_FACT "callback_secret"
#define NAME "kol="
enum { MAC_BYTES = 16, MAC_CHARS = 22, ID_CHARS = 19 };

/* ---- the secret ---- */

enum kol_code kol_callback_secret(struct kol_db *db, char ret[static KOL_CALLBACK_SECRET],
                                  struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    char *stored = NULL;

    *ret = '\0';
    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "callback secret: out of memory");
    enum kol_code code = kol_fact_get(db, a, SECRET_FACT, &stored, err);
    if (code != KOL_OK || !stored)
        return code;
    if (strlen(stored) != KOL_CALLBACK_SECRET - 1)
        return kol_fail(err, KOL_BUG, "callback secret: the stored one is damaged");
    memcpy(ret, stored, KOL_CALLBACK_SECRET);
    return KOL_OK;
}

enum kol_code kol_callback_secret_make(struct kol_db *db, char ret[static KOL_CALLBACK_SECRET],
                                       struct kol_err *err)
{
    uint8_t fresh[(KOL_CALLBACK_SECRET - 1) / 2];
    char hex[KOL_CALLBACK_SECRET];

    kol_random_bytes(fresh, sizeof fresh);
    kol_hex(fresh, sizeof fresh, hex);
    enum kol_code code = kol_fact_add(db, SECRET_FACT, hex, err);
    return code == KOL_OK ? kol_callback_secret(db, ret, err) : code;
}

/* ---- the token ---- */

static void make_mac(const char *secret, int64_t business_id, const char *account_sid,
                     char ret[static MAC_CHARS + 1])
{
    uint8_t mac[KOL_SHA256_BYTES];
    char text[128];
    int len = snprintf(text, sizeof text, "kol callback 1\n%lld\n%s", (long long)business_id,
                       account_sid);

    kol_hmac_sha256(secret, strlen(secret), text, (size_t)len, mac);
    kol_base64url(mac, MAC_BYTES, ret);
}

void kol_callback_token(const char *secret, int64_t business_id, const char *account_sid,
                        char ret[static KOL_CALLBACK_TOKEN])
{
    char mac[MAC_CHARS + 1];

    make_mac(secret, business_id, account_sid, mac);
    snprintf(ret, KOL_CALLBACK_TOKEN, "%lld.%s", (long long)business_id, mac);
}

static enum kol_code refuse(struct kol_err *err, const char *why)
{
    return kol_fail(err, KOL_FORBIDDEN,
                    "the token kol in the callback URL %s: kol twilio urls prints the right URL",
                    why);
}

enum kol_code kol_callback_token_read(const char *secret, const char *token, size_t token_len,
                                      const char *account_sid, int64_t *ret_business_id,
                                      struct kol_err *err)
{
    const char *dot = memchr(token, '.', token_len);
    size_t id_len = dot ? (size_t)(dot - token) : 0;
    char id_text[ID_CHARS + 1], mac[MAC_CHARS + 1];
    int64_t id = 0;

    if (id_len == 0 || id_len > ID_CHARS || token_len - id_len - 1 != MAC_CHARS)
        return refuse(err, "has another form than Kol's");
    memcpy(id_text, token, id_len);
    id_text[id_len] = '\0';
    if (strspn(id_text, "0123456789") != id_len || *id_text == '0' || !kol_parse_i64(id_text, &id))
        return refuse(err, "has another form than Kol's");
    if (kol_str_empty(secret))
        return refuse(err, "was not made by this server");
    make_mac(secret, id, account_sid, mac);
    if (!kol_equal_secret(mac, MAC_CHARS, dot + 1, MAC_CHARS))
        return refuse(err, "was not made by this server for this account");
    *ret_business_id = id;
    return KOL_OK;
}

enum kol_code kol_callback_token_find(const char *target, const char **ret, size_t *ret_len,
                                      struct kol_err *err)
{
    const char *p = strchr(target, '?');
    const char *end = target + strcspn(target, "#");

    *ret = NULL;
    while (p && p < end) {
        p++;
        if (kol_starts_with(p, NAME)) {
            if (*ret)
                return refuse(err, "stands there twice");
            *ret = p + strlen(NAME);
            *ret_len = strcspn(*ret, "&#");
        }
        p = strchr(p, '&');
    }
    return KOL_OK;
}

/* ---- the URL ---- */

enum kol_code kol_callback_url(struct kol_arena *a, const struct kol_conf *conf, const char *secret,
                               enum kol_intake_kind kind, int64_t business_id,
                               const char *account_sid, const char **ret, struct kol_err *err)
{
    char token[KOL_CALLBACK_TOKEN];
    const char *url = NULL;

    kol_callback_token(secret, business_id, account_sid, token);
    const char *target = kol_arena_fmt(a, "%s?" NAME "%s", kol_intake_path(kind), token);
    if (!target)
        return kol_fail(err, KOL_NO_MEMORY, "make a callback URL: out of memory");
    enum kol_code code = kol_public_url(a, conf->public_url, target, &url, err);
    if (code != KOL_OK)
        return code;
    *ret = kol_arena_fmt(a, "%s%s", url, KOL_CALLBACK_OVERRIDES);
    return *ret ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "make a callback URL: out of memory");
}
