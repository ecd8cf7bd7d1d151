/*
 * seal.c - see seal.h.
 *
 * A sealed text: "sealed:1:<8 hex digits of the key's digest>:<base64 of nonce, text and tag>". The
 * digest tells a wrong key from a changed text. Source: NIST SP 800-38D (GCM, 96-bit nonces).
 */
#include "base/seal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/str.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
    NONCE_BYTES = 12,
    TAG_BYTES = 16,
    ID_CHARS = 8,
    KEY_FILE_MAX = 256,
    RAW_MAX = NONCE_BYTES + KOL_SEAL_MAX + TAG_BYTES
};
static const char key_mark[] = "kol-secrets-key:1:";
static const char seal_mark[] = KOL_SEAL_PREFIX "1:";

void kol_wipe(void *memory, size_t bytes)
{
    OPENSSL_cleanse(memory, bytes);
}

/* ---- the key ---- */

void kol_seal_key_wipe(struct kol_seal_key *key)
{
    kol_wipe(key, sizeof *key);
}

static enum kol_code make_key(const char *path, struct kol_err *err)
{
    KOL_SEAL_KEY key;
    char text[KEY_FILE_MAX];
    size_t mark = strlen(key_mark);

    kol_random_bytes(key.bytes, sizeof key.bytes);
    memcpy(text, key_mark, mark);
    kol_base64(key.bytes, sizeof key.bytes, text + mark);
    size_t len = strlen(text);
    text[len++] = '\n';
    enum kol_code code = kol_file_create_private(path, text, len, err);
    kol_wipe(text, sizeof text);
    return code;
}

static bool read_key(char *text, struct kol_seal_key *ret)
{
    uint8_t raw[KEY_FILE_MAX];

    text[strcspn(text, "\r\n")] = '\0';
    if (!kol_starts_with(text, key_mark))
        return false;
    bool ok =
        kol_base64_decode(text + strlen(key_mark), raw, sizeof raw) == (long)sizeof ret->bytes;
    if (ok)
        memcpy(ret->bytes, raw, sizeof ret->bytes);
    kol_wipe(raw, sizeof raw);
    return ok;
}

enum kol_code kol_seal_key_load(const char *path, bool make, struct kol_seal_key *ret,
                                struct kol_err *err)
{
    char *text = NULL;
    size_t len = 0;
    enum kol_code code = kol_file_read_private(path, KEY_FILE_MAX, &text, &len, err);

    if (code == KOL_NOT_FOUND && make) {
        code = make_key(path, err);
        if (code == KOL_OK)
            code = kol_file_read_private(path, KEY_FILE_MAX, &text, &len, err);
    }
    if (code != KOL_OK)
        return kol_err_prefix(err, "secrets_key_file");
    bool ok = read_key(text, ret);
    kol_wipe(text, len);
    free(text);
    if (!ok)
        return kol_fail(err, KOL_BAD_CONFIG, "secrets_key_file: %s holds no key of Kol's", path);
    return KOL_OK;
}

static void key_id(const struct kol_seal_key *key, char ret[static ID_CHARS + 1])
{
    char hex[65];

    kol_sha256_hex(key->bytes, sizeof key->bytes, hex);
    memcpy(ret, hex, ID_CHARS);
    ret[ID_CHARS] = '\0';
}

/* ---- sealing ---- */

/* raw: nonce, text, tag. libcrypto fails here only when memory ends. */
static bool encrypt(const struct kol_seal_key *key, const char *place, const char *secret,
                    size_t len, uint8_t *raw)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, raw) &&
              EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)place, (int)strlen(place)) &&
              EVP_EncryptUpdate(ctx, raw + NONCE_BYTES, &n, (const uint8_t *)secret, (int)len) &&
              EVP_EncryptFinal_ex(ctx, raw + NONCE_BYTES + len, &n) &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, raw + NONCE_BYTES + len);

    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

static bool decrypt(const struct kol_seal_key *key, const char *place, uint8_t *raw, size_t len,
                    char *ret)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, raw) &&
              EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)place, (int)strlen(place)) &&
              EVP_DecryptUpdate(ctx, (uint8_t *)ret, &n, raw + NONCE_BYTES, (int)len) &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, raw + NONCE_BYTES + len) &&
              EVP_DecryptFinal_ex(ctx, (uint8_t *)ret + len, &n) > 0;

    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

enum kol_code kol_seal(struct kol_arena *a, const struct kol_seal_key *key, const char *place,
                       const char *secret, char **ret, struct kol_err *err)
{
    uint8_t raw[RAW_MAX];
    char id[ID_CHARS + 1];
    size_t len = strlen(secret);

    if (len > KOL_SEAL_MAX)
        return kol_fail(err, KOL_TOO_LARGE, "a secret of more than %d bytes", KOL_SEAL_MAX);
    kol_random_bytes(raw, NONCE_BYTES);
    size_t raw_len = NONCE_BYTES + len + TAG_BYTES;
    char *text = kol_arena_alloc(a, kol_base64_len(raw_len) + 1);
    if (!text || !encrypt(key, place, secret, len, raw))
        return kol_fail(err, KOL_NO_MEMORY, "seal a secret: out of memory");
    kol_base64(raw, raw_len, text);
    key_id(key, id);
    *ret = kol_arena_fmt(a, "%s%s:%s", seal_mark, id, text);
    return *ret ? KOL_OK : kol_fail(err, KOL_NO_MEMORY, "seal a secret: out of memory");
}

enum kol_code kol_unseal(const struct kol_seal_key *key, const char *place, const char *sealed,
                         char *ret, size_t ret_size, struct kol_err *err)
{
    uint8_t raw[RAW_MAX + 3];
    char id[ID_CHARS + 1];
    const char *at = kol_starts_with(sealed, seal_mark) ? sealed + strlen(seal_mark) : NULL;

    *ret = '\0';
    if (!at || strlen(at) <= ID_CHARS || at[ID_CHARS] != ':')
        return kol_fail(err, KOL_BAD_CONFIG, "this is not the text of a sealed secret");
    key_id(key, id);
    if (memcmp(at, id, ID_CHARS) != 0)
        return kol_fail(err, KOL_BAD_CONFIG,
                        "sealed with another key than the one in secrets_key_file");
    long raw_len = kol_base64_decode(at + ID_CHARS + 1, raw, sizeof raw);
    long len = raw_len - NONCE_BYTES - TAG_BYTES;
    if (raw_len < 0 || len < 0 || (size_t)len >= ret_size)
        return kol_fail(err, KOL_BAD_CONFIG, "this is not the text of a sealed secret");
    if (!decrypt(key, place, raw, (size_t)len, ret)) {
        kol_wipe(ret, ret_size);
        return kol_fail(err, KOL_BAD_CONFIG,
                        "the sealed secret was changed, or was sealed for another place");
    }
    ret[len] = '\0';
    return KOL_OK;
}
