/* credentials.c - see credentials.h; API keys (serve.h) are made and recognised here too. */
#include "serve/credentials.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "serve/serve.h"
#include <string.h>
#include <strings.h>

bool kol_bearer_read(const char *header, char *ret, size_t size)
{
    if (!header || strncasecmp(header, "Bearer ", 7) != 0)
        return false;
    const char *token = header + 7 + strspn(header + 7, " ");
    size_t len = strcspn(token, " \t,");

    if (!len || len >= size || token[len + strspn(token + len, " \t")])
        return false;
    memcpy(ret, token, len);
    ret[len] = '\0';
    return true;
}

bool kol_cookie_read(const char *header, const char *name, char *ret, size_t size)
{
    size_t name_len = strlen(name);

    for (const char *s = header; s && *s;) {
        s += strspn(s, " \t;");
        size_t len = strcspn(s, ";");
        if (len > name_len && strncmp(s, name, name_len) == 0 && s[name_len] == '=') {
            const char *value = s + name_len + 1;
            size_t value_len = len - name_len - 1;
            while (value_len && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t'))
                value_len--;
            if (value_len >= size)
                return false;
            memcpy(ret, value, value_len);
            ret[value_len] = '\0';
            return true;
        }
        s += len;
    }
    return false;
}

size_t kol_origin_len(const char *url)
{
    const char *authority = url ? strstr(url, "://") : NULL;

    if (!authority || authority == url)
        return 0;
    authority += 3;
    size_t len = strcspn(authority, "/?#\\");
    return len ? (size_t)(authority - url) + len : 0;
}

bool kol_same_origin(const char *a, const char *b)
{
    size_t len = kol_origin_len(a);
    return len && len == kol_origin_len(b) && strncasecmp(a, b, len) == 0;
}

/* "https://kol.example.com" is at host "kol.example.com". */
static bool origin_is_at(const char *origin, const char *host)
{
    size_t len = kol_origin_len(origin);
    const char *authority = len ? strstr(origin, "://") + 3 : NULL;

    return host && authority && origin[len] == '\0' && strcasecmp(authority, host) == 0;
}

bool kol_csrf_ok(const struct kol_provenance *from)
{
    if (from->sec_fetch_site)
        return strcmp(from->sec_fetch_site, "same-origin") == 0;
    if (from->csrf)
        return true;
    return from->origin && (origin_is_at(from->origin, from->host) ||
                            kol_same_origin(from->origin, from->public_url));
}

bool kol_local_path(const char *path)
{
    if (!path || path[0] != '/' || path[1] == '/' || path[1] == '\\')
        return false;
    for (const char *s = path; *s; s++)
        if (*s <= ' ' || *s > '~' || *s == '\\')
            return false;
    return true;
}

/* ---- API keys ---- */

enum { KEY_PREFIX = 4, KEY_RANDOM = 40, KEY_CHECK = 8 };

static void key_check_digits(const char *key, char ret[static 65])
{
    kol_sha256_hex(key, KEY_PREFIX + KEY_RANDOM, ret);
    ret[KEY_CHECK] = '\0';
}

void kol_key_make(char ret[static KOL_KEY_TEXT])
{
    uint8_t random[KEY_RANDOM / 2];
    char check[65];

    kol_random_bytes(random, sizeof random);
    memcpy(ret, "kol_", KEY_PREFIX);
    kol_hex(random, sizeof random, ret + KEY_PREFIX);
    key_check_digits(ret, check);
    memcpy(ret + KEY_PREFIX + KEY_RANDOM, check, KEY_CHECK + 1);
}

bool kol_key_well_formed(const char *key)
{
    char check[65];

    if (!key || strlen(key) != KOL_KEY_TEXT - 1 || !kol_starts_with(key, "kol_") ||
        strspn(key + KEY_PREFIX, "0123456789abcdef") != KEY_RANDOM + KEY_CHECK)
        return false;
    key_check_digits(key, check);
    return strcmp(key + KEY_PREFIX + KEY_RANDOM, check) == 0;
}

void kol_key_hint(const char *key, char ret[static KOL_KEY_HINT])
{
    snprintf(ret, KOL_KEY_HINT, "%.*s", KOL_KEY_HINT - 1, key);
}

/* ---- signed links ---- */

void kol_link_sign(const char *secret, int64_t business_id, const char *call_sid,
                   int64_t expires_at_s, char ret[static KOL_LINK_SIG])
{
    uint8_t mac[KOL_SHA256_BYTES];
    char text[160];

    snprintf(text, sizeof text, "media-link\n%lld\n%s\n%lld", (long long)business_id, call_sid,
             (long long)expires_at_s);
    kol_hmac_sha256(secret, strlen(secret), text, strlen(text), mac);
    kol_base64url(mac, sizeof mac, ret);
}

enum kol_link kol_link_check(const char *secret, int64_t business_id, const char *call_sid,
                             const char *exp, const char *sig, int64_t now_s)
{
    char expected[KOL_LINK_SIG];
    int64_t expires_at_s;

    if (!exp || !sig || strspn(exp, "0123456789") != strlen(exp) ||
        !kol_parse_i64(exp, &expires_at_s))
        return KOL_LINK_FORGED;
    kol_link_sign(secret, business_id, call_sid, expires_at_s, expected);
    if (!kol_equal_secret(sig, strlen(sig), expected, strlen(expected)))
        return KOL_LINK_FORGED;
    return now_s < expires_at_s ? KOL_LINK_GOOD : KOL_LINK_EXPIRED;
}
