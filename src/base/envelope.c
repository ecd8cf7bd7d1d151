/* envelope.c - see envelope.h. */
#include "base/envelope.h"
#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/str.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TAG_BYTES = 16,
    KEY_BYTES = 32,
    LEAST_IV = 8,
    MOST_IV = 16,
    MOST_WRAPPED = 2048, /* an RSA key of 16,384 bits */
    MOST_PEM = 64 * 1024,
    PIECE = 64 * 1024
};

static void free_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
static void free_pkey_ctx(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}
static void free_cipher_ctx(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

static enum kol_code no_memory(struct kol_err *err)
{
    return kol_fail(err, KOL_NO_MEMORY, "decrypt: out of memory");
}

/* ---- the private key ---- */

/* Nobody is asked for a passphrase by a server. */
static int no_passphrase(char *buf, int size, int writing, void *user)
{
    (void)buf, (void)size, (void)writing, (void)user;
    return -1;
}

static enum kol_code read_key(const char *path, EVP_PKEY **ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *pem = NULL;
    struct kol_err why = {0};
    size_t len = 0;

    if (kol_file_read(path, MOST_PEM, &pem, &len, &why) != KOL_OK)
        return kol_fail(err, KOL_ENCRYPTED, "the private key: %s", why.msg);
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    OPENSSL_cleanse(pem, len);
    if (!key)
        return kol_fail(err, KOL_ENCRYPTED,
                        "the private key: %s holds no PEM key that opens without a passphrase",
                        path);
    if (EVP_PKEY_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        return kol_fail(err, KOL_ENCRYPTED, "the private key: %s is no RSA key", path);
    }
    *ret = key;
    return KOL_OK;
}

enum kol_code kol_envelope_check_key(const char *key_file, struct kol_err *err)
{
    KOL_CLEANUP(free_pkey) EVP_PKEY *key = NULL;

    return read_key(key_file, &key, err);
}

/* ---- the content's key ---- */

static bool unwrap(EVP_PKEY *key, const uint8_t *wrapped, size_t len, uint8_t ret[static KEY_BYTES])
{
    KOL_CLEANUP(free_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    uint8_t plain[MOST_WRAPPED];
    size_t plain_len = sizeof plain;

    bool ok = ctx && EVP_PKEY_decrypt_init(ctx) > 0 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0 &&
              EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0 &&
              (size_t)EVP_PKEY_size(key) <= sizeof plain &&
              EVP_PKEY_decrypt(ctx, plain, &plain_len, wrapped, len) > 0 && plain_len == KEY_BYTES;
    if (ok)
        memcpy(ret, plain, KEY_BYTES);
    OPENSSL_cleanse(plain, sizeof plain);
    return ok;
}

static long decode(const char *text, uint8_t *ret, size_t size)
{
    return text && strlen(text) <= size * 4 / 3 ? kol_base64_decode(text, ret, size) : -1;
}

/* A cipher that waits for the content. */
static enum kol_code start(const struct kol_envelope *e, EVP_CIPHER_CTX *ctx, struct kol_err *err)
{
    KOL_CLEANUP(free_pkey) EVP_PKEY *pkey = NULL;
    uint8_t wrapped[MOST_WRAPPED + 4], iv[MOST_IV + 8], key[KEY_BYTES];

    enum kol_code code = read_key(e->key_file, &pkey, err);
    if (code != KOL_OK)
        return code;
    long wrapped_len = decode(e->wrapped_key, wrapped, sizeof wrapped);
    long iv_len = decode(e->iv, iv, sizeof iv);
    if (wrapped_len <= 0 || iv_len < LEAST_IV || iv_len > MOST_IV)
        return kol_fail(err, KOL_ENCRYPTED,
                        "it is encrypted, but not said how: its "
                        "encryption_details are incomplete");
    if (!unwrap(pkey, wrapped, (size_t)wrapped_len, key))
        return kol_fail(err, KOL_ENCRYPTED, "the private key in %s does not open it", e->key_file);
    bool ok = EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, NULL, NULL) > 0 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)iv_len, NULL) > 0 &&
              EVP_DecryptInit_ex(ctx, NULL, NULL, key, iv) > 0;
    OPENSSL_cleanse(key, sizeof key);
    return ok ? KOL_OK : no_memory(err);
}

/* ---- the content ---- */

static enum kol_code fail_read(ssize_t n, struct kol_err *err)
{
    if (n < 0)
        return kol_fail(err, KOL_IO, "decrypt: read: %s", strerror(errno));
    return kol_fail(err, KOL_IO, "decrypt: the file became shorter");
}

static enum kol_code pump(EVP_CIPHER_CTX *ctx, int fd, int64_t bytes, struct kol_part *out,
                          struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *buf = malloc(2 * PIECE);
    enum kol_code code = KOL_OK;

    if (!buf)
        return no_memory(err);
    for (int64_t at = 0; code == KOL_OK && at < bytes;) {
        size_t want = bytes - at < PIECE ? (size_t)(bytes - at) : PIECE;
        int len = 0;
        ssize_t n = pread(fd, buf, want, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail_read(n, err);
        if (EVP_DecryptUpdate(ctx, (uint8_t *)buf + PIECE, &len, (uint8_t *)buf, (int)n) <= 0)
            return no_memory(err);
        code = kol_part_write(out, buf + PIECE, (size_t)len, err);
        at += n;
    }
    return code;
}

enum kol_code kol_envelope_open(const struct kol_envelope *e, int fd, struct kol_part *out,
                                int64_t *ret_bytes, struct kol_err *err)
{
    KOL_CLEANUP(free_cipher_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG_BYTES], none[TAG_BYTES];
    struct stat st;
    int len = 0;

    if (!ctx)
        return no_memory(err);
    enum kol_code code = start(e, ctx, err);
    if (code != KOL_OK)
        return code;
    if (fstat(fd, &st) < 0)
        return kol_fail(err, KOL_IO, "decrypt: %s", strerror(errno));
    int64_t bytes = st.st_size - TAG_BYTES;
    if (bytes <= 0)
        return kol_fail(err, KOL_BAD_MEDIA, "too short to be encrypted");
    ssize_t n = pread(fd, tag, sizeof tag, bytes);
    if (n != TAG_BYTES)
        return fail_read(n, err);
    code = pump(ctx, fd, bytes, out, err);
    if (code != KOL_OK)
        return code;
    if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) <= 0 ||
        EVP_DecryptFinal_ex(ctx, none, &len) <= 0)
        return kol_fail(err, KOL_BAD_MEDIA, "damaged: its tag does not fit");
    *ret_bytes = bytes;
    return KOL_OK;
}
