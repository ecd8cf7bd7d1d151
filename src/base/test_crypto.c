#include "base/crypto.h"
#include "base/test.h"

/* Sources: FIPS 180-2 examples; RFC 2202 and RFC 4231, test case 2. */
static void digests(void **state)
{
    uint8_t mac[KOL_SHA256_BYTES];
    char hex[65];

    (void)state;
    kol_sha256_hex("abc", 3, hex);
    check_str("sha256", hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    kol_sha256_hex("", 0, hex);
    check_str("empty", hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

    kol_hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, mac);
    kol_hex(mac, KOL_SHA1_BYTES, hex);
    check_str("sha1", hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    kol_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
    kol_hex(mac, sizeof mac, hex);
    check_str("sha256", hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    kol_hmac_sha256(NULL, 0, NULL, 0, mac);
    kol_hex(mac, sizeof mac, hex);
    check_str("empty", hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void base64_there_and_back(void **state)
{
    static const struct {
        const char *plain, *text, *url;
    } rows[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+", "-__-"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *row = rows[i].text;
        size_t len = strlen(rows[i].plain);
        char text[64];
        uint8_t back[64];
        kol_base64(rows[i].plain, len, text);
        check_str(row, text, rows[i].text);
        check_int(row, kol_base64_len(len), strlen(text));
        check_int(row, kol_base64_decode(text, back, sizeof back), len);
        check_int(row, memcmp(back, rows[i].plain, len), 0);
        kol_base64url(rows[i].plain, len, text);
        check_str(row, text, rows[i].url);
    }
}

static void bad_base64_is_refused(void **state)
{
    static const char *const rows[] = {
        "Z",        "Zg",   "Zg=",    "Zh==", "Zm9=",        "====", "Z===",
        "Zg==Zg==", "Zm 9", "Zm9v\n", "-__-", "Zm9vZm9\x80", "=m9v", "Zm=v",
    };
    uint8_t back[64];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_int(rows[i], kol_base64_decode(rows[i], back, sizeof back), -1);
    check_int("no room", kol_base64_decode("Zm9v", back, 2), -1);
}

static void secrets(void **state)
{
    char a[40];
    char b[40];

    (void)state;
    check_true("equal", kol_equal_secret("abc", 3, "abc", 3));
    check_true("other", !kol_equal_secret("abc", 3, "abd", 3));
    check_true("longer", !kol_equal_secret("abc", 3, "abcd", 4));
    check_true("empty", kol_equal_secret("", 0, "", 0));
    kol_random_token(16, a);
    kol_random_token(16, b);
    check_int("length", strlen(a), 22);
    check_true("differ", strcmp(a, b) != 0);

    char *long_token = malloc(4 * 100 / 3 + 4);
    kol_random_token(100, long_token);
    check_int("length", strlen(long_token), 134);
    free(long_token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests),
        cmocka_unit_test(base64_there_and_back),
        cmocka_unit_test(bad_base64_is_refused),
        cmocka_unit_test(secrets),
    };
    return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
