/* What is opened is what was sealed; anything else is an error, whatever was changed. */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/envelope.h"
#include "base/str.h"
#include "base/test.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <unistd.h>

enum { PLAIN = 150000, SEALED = PLAIN + 16 };

static char folder[256], key_path[300], other_path[300], sealed_path[300], out_path[300];
static uint8_t plain[PLAIN], sealed[SEALED], key[32], iv[12];
static char wrapped_text[1024], iv_text[64];

static EVP_PKEY *make_key(const char *path)
{
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    FILE *out = fopen(path, "w");

    assert_true(pkey && out && PEM_write_PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL));
    fclose(out);
    return pkey;
}

static void wrap(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    uint8_t wrapped[256];
    size_t len = sizeof wrapped;

    assert_true(EVP_PKEY_encrypt_init(ctx) > 0 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0 &&
                EVP_PKEY_encrypt(ctx, wrapped, &len, key, sizeof key) > 0);
    EVP_PKEY_CTX_free(ctx);
    kol_base64(wrapped, len, wrapped_text);
    kol_base64(iv, sizeof iv, iv_text);
}

static void seal(void)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;

    assert_true(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) > 0 &&
                EVP_EncryptUpdate(ctx, sealed, &len, plain, PLAIN) > 0 &&
                EVP_EncryptFinal_ex(ctx, sealed + len, &len) > 0 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, sealed + PLAIN) > 0);
    EVP_CIPHER_CTX_free(ctx);
}

static int set_up(void **state)
{
    (void)state;
    test_folder(folder);
    snprintf(key_path, sizeof key_path, "%s/key.pem", folder);
    snprintf(other_path, sizeof other_path, "%s/other.pem", folder);
    snprintf(sealed_path, sizeof sealed_path, "%s/sealed", folder);
    snprintf(out_path, sizeof out_path, "%s/out", folder);
    kol_random_bytes(plain, sizeof plain);
    kol_random_bytes(key, sizeof key);
    kol_random_bytes(iv, sizeof iv);
    EVP_PKEY *pkey = make_key(key_path);
    wrap(pkey);
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(make_key(other_path));
    seal();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(key_path);
    unlink(other_path);
    unlink(sealed_path);
    rmdir(folder);
    return 0;
}

/* Opens len bytes of data; ret_same: what came out is the plain text. */
static enum kol_code try(const struct kol_envelope *e, const uint8_t *data, size_t len,
                         bool *ret_same)
{
    struct kol_part part;
    struct kol_err err;
    int64_t bytes = 0;
    char *text = NULL;
    size_t text_len = 0;

    check_ok("write", kol_file_write_atomic(sealed_path, data, len, &err), &err);
    int fd = open(sealed_path, O_RDONLY);
    assert_true(fd >= 0);
    check_ok("part", kol_part_open(&part, out_path, &err), &err);
    enum kol_code code = kol_envelope_open(e, fd, &part, &bytes, &err);
    if (code == KOL_OK) {
        check_ok("read", kol_file_read(part.part_path, SEALED, &text, &text_len, &err), &err);
        *ret_same = bytes == PLAIN && text_len == PLAIN && memcmp(text, plain, PLAIN) == 0;
    }
    free(text);
    kol_part_done(&part);
    close(fd);
    return code;
}

static void opens(void **state)
{
    const struct kol_envelope e = {key_path, wrapped_text, iv_text};
    bool same = false;

    (void)state;
    check_int("opens", try(&e, sealed, SEALED, &same), KOL_OK);
    check_true("the same", same);
}

static void damaged(void **state)
{
    const struct kol_envelope e = {key_path, wrapped_text, iv_text};
    static const size_t places[] = {0, 1, 65535, 65536, PLAIN - 1, PLAIN, SEALED - 1};
    static const size_t lengths[] = {0, 1, 15, 16, 17, 65536, PLAIN, SEALED - 1};
    uint8_t *copy = malloc(SEALED);
    bool same = false;

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        memcpy(copy, sealed, SEALED);
        copy[places[i]] ^= 0x80;
        check_int("a bit", try(&e, copy, SEALED, &same), KOL_BAD_MEDIA);
    }
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        check_int("cut", try(&e, sealed, lengths[i], &same), KOL_BAD_MEDIA);
    free(copy);
}

static void wrong_keys(void **state)
{
    char swapped[sizeof wrapped_text];
    bool same = false;

    snprintf(swapped, sizeof swapped, "%s", wrapped_text);
    swapped[20] = swapped[20] == 'A' ? 'B' : 'A';
    const struct kol_envelope rows[] = {
        {other_path, wrapped_text, iv_text},
        {key_path, swapped, iv_text},
        {key_path, "", iv_text},
        {key_path, NULL, iv_text},
        {key_path, "not base64!", iv_text},
        {key_path, wrapped_text, ""},
        {key_path, wrapped_text, NULL},
        {key_path, wrapped_text, "AAAA"},
        {sealed_path, wrapped_text, iv_text},
        {"/nonexistent", wrapped_text, iv_text},
        {key_path, wrapped_text, wrapped_text},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_int("key", try(&rows[i], sealed, SEALED, &same), KOL_ENCRYPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(opens), cmocka_unit_test(damaged),
                                       cmocka_unit_test(wrong_keys)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
