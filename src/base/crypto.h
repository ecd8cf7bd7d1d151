/*
 * crypto.h - digests, MACs, encodings and constant-time compare, all from libcrypto.
 *
 * HMAC-SHA1 is here only because Twilio signs with it.
 */
#ifndef KOL_BASE_CRYPTO_H
#define KOL_BASE_CRYPTO_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define KOL_SHA1_BYTES 20
#define KOL_SHA256_BYTES 32

void kol_sha256(const void *data, size_t len, uint8_t ret[static KOL_SHA256_BYTES]);
void kol_sha256_hex(const void *data, size_t len, char ret[static 65]);
void kol_hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
                   uint8_t ret[static KOL_SHA1_BYTES]);
void kol_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                     uint8_t ret[static KOL_SHA256_BYTES]);

void kol_hex(const void *data, size_t len, char *ret); /* 2 * len + 1 bytes, lower case */
size_t kol_base64_len(size_t len);                     /* characters with padding, without NUL */
void kol_base64(const void *data, size_t len, char *ret);
/* Strict decoding with padding. Returns bytes written or -1; ret holds at least 3 * strlen / 4. */
long kol_base64_decode(const char *text, uint8_t *ret, size_t ret_size);
void kol_base64url(const void *data, size_t len, char *ret); /* no padding */

/* True when equal; takes the same time wherever they differ. Lengths are not secret. */
bool kol_equal_secret(const void *a, size_t a_len, const void *b, size_t b_len);

/* base64url of n random bytes; ret holds 4 * n / 3 + 4. */
void kol_random_token(size_t n, char *ret);

#endif
