/* crypto.c - see crypto.h. libcrypto fails here only when memory ends: then nothing is safe, abort.
 */
#include "base/crypto.h"
#include "base/clock.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

void kol_sha256(const void *data, size_t len, uint8_t ret[static KOL_SHA256_BYTES])
{
    if (!EVP_Digest(data, len, ret, NULL, EVP_sha256(), NULL))
        abort();
}

void kol_sha256_hex(const void *data, size_t len, char ret[static 65])
{
    uint8_t digest[KOL_SHA256_BYTES];

    kol_sha256(data, len, digest);
    kol_hex(digest, sizeof digest, ret);
}

static void hmac(const EVP_MD *md, const void *key, size_t key_len, const void *data, size_t len,
                 uint8_t *ret)
{
    /* A NULL key would mean "the last one" to libcrypto. */
    if (!HMAC(md, key_len ? key : "", (int)key_len, data, len, ret, NULL))
        abort();
}

void kol_hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
                   uint8_t ret[static KOL_SHA1_BYTES])
{
    hmac(EVP_sha1(), key, key_len, data, len, ret);
}

void kol_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                     uint8_t ret[static KOL_SHA256_BYTES])
{
    hmac(EVP_sha256(), key, key_len, data, len, ret);
}

void kol_hex(const void *data, size_t len, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i++) {
        *ret++ = digits[p[i] >> 4];
        *ret++ = digits[p[i] & 15];
    }
    *ret = '\0';
}

size_t kol_base64_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(const char *alphabet, bool pad, const uint8_t *p, size_t len, char *ret)
{
    while (len) {
        size_t n = len < 3 ? len : 3;
        unsigned v = (unsigned)p[0] << 16;
        if (n > 1)
            v |= (unsigned)p[1] << 8;
        if (n > 2)
            v |= p[2];

        for (size_t i = 0; i <= n; i++)
            *ret++ = alphabet[v >> (18 - 6 * i) & 63];
        for (size_t i = n; pad && i < 3; i++)
            *ret++ = '=';
        p += n;
        len -= n;
    }
    *ret = '\0';
}

void kol_base64(const void *data, size_t len, char *ret)
{
    encode(plain, true, data, len, ret);
}

void kol_base64url(const void *data, size_t len, char *ret)
{
    encode(for_urls, false, data, len, ret);
}

static int digit_value(char c)
{
    const char *at = c ? strchr(plain, c) : NULL;
    return at ? (int)(at - plain) : -1;
}

/* Four characters to one, two or three bytes; 0 when they are not base64. */
static size_t decode_group(const char *s, bool last, uint8_t out[static 3])
{
    size_t pads = last && s[3] == '=' ? (s[2] == '=' ? 2 : 1) : 0;
    unsigned v = 0;

    for (size_t i = 0; i < 4; i++) {
        int d = i < 4 - pads ? digit_value(s[i]) : 0;
        if (d < 0)
            return 0;
        v = v << 6 | (unsigned)d;
    }
    out[0] = (uint8_t)(v >> 16);
    out[1] = (uint8_t)(v >> 8);
    out[2] = (uint8_t)v;
    for (size_t i = 3 - pads; i < 3; i++)
        if (out[i]) /* bits that no encoder sets: two texts would mean the same bytes */
            return 0;
    return 3 - pads;
}

long kol_base64_decode(const char *text, uint8_t *ret, size_t ret_size)
{
    size_t len = strlen(text);
    size_t written = 0;

    if (len % 4)
        return -1;
    for (size_t i = 0; i < len; i += 4) {
        uint8_t out[3];
        size_t n = decode_group(text + i, i + 4 == len, out);
        if (n == 0 || n > ret_size - written)
            return -1;
        memcpy(ret + written, out, n);
        written += n;
    }
    return (long)written;
}

bool kol_equal_secret(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

void kol_random_token(size_t n, char *ret)
{
    uint8_t chunk[48]; /* a multiple of three: chunks join without padding */

    while (n) {
        size_t part = n < sizeof chunk ? n : sizeof chunk;
        kol_random_bytes(chunk, part);
        kol_base64url(chunk, part, ret);
        ret += strlen(ret);
        n -= part;
    }
    *ret = '\0';
    OPENSSL_cleanse(chunk, sizeof chunk);
}
