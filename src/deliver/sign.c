/* sign.c - see sign.h. */
#include "deliver/sign.h"
#include "base/crypto.h"
#include "base/str.h"
#include <string.h>

enum { SECRET_MAX = 256, BODY_MAX = 64 << 20 };

/* Adds one signature; false when this is no secret. */
static bool add_signature(struct kol_str *header, const char *secret, const struct kol_str *text)
{
    static const char prefix[] = "whsec_";
    uint8_t key[SECRET_MAX], mac[KOL_SHA256_BYTES];
    char base64[48];

    if (kol_starts_with(secret, prefix))
        secret += sizeof prefix - 1;
    long key_len = kol_base64_decode(secret, key, sizeof key);
    if (key_len <= 0)
        return false;
    kol_hmac_sha256(key, (size_t)key_len, text->data, text->len, mac);
    kol_base64(mac, sizeof mac, base64);
    kol_str_add_fmt(header, "%sv1,%s", header->len ? " " : "", base64);
    return true;
}

enum kol_code kol_webhook_sign(struct kol_arena *a, const char *secrets, const char *id,
                               int64_t timestamp_s, const char *body, const char **ret,
                               struct kol_err *err)
{
    KOL_STR text, header;
    char *rest = NULL, *list = kol_arena_str(a, secrets ? secrets : "");

    kol_str_init(&text, BODY_MAX);
    kol_str_init(&header, 4096);
    kol_str_add_fmt(&text, "%s.%lld.%s", id, (long long)timestamp_s, body);
    if (!list || kol_str_failed(&text))
        return kol_fail(err, KOL_NO_MEMORY, "sign a webhook: out of memory");

    for (char *one = strtok_r(list, " ,", &rest); one; one = strtok_r(NULL, " ,", &rest))
        if (!add_signature(&header, one, &text))
            return kol_fail(err, KOL_BAD_CONFIG, "the webhook secret is not whsec_ and base64");
    if (header.len == 0)
        return kol_fail(err, KOL_BAD_CONFIG, "the business has no webhook secret");
    *ret = kol_arena_str(a, header.data);
    if (!*ret || kol_str_failed(&header))
        return kol_fail(err, KOL_NO_MEMORY, "sign a webhook: out of memory");
    return KOL_OK;
}
