/* test_seal.c - what is sealed opens with its key at its place, and in no other way. */
#include "base/file.h"
#include "base/seal.h"
#include "base/test.h"
#include <sys/stat.h>

#define PLACE "AC00000000000000000000000000000001/auth_token"

static const struct kol_seal_key one = {{1, 2, 3}}, other = {{9}};

static void there_and_back(void **state)
{
    static const char *const rows[] = {"", "x", "0123456789abcdef0123456789abcdef",
                                       "שלום \x01\xff"};
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *sealed = NULL, *again = NULL, back[KOL_SEAL_MAX + 1];
        check_ok(rows[i], kol_seal(a, &one, PLACE, rows[i], &sealed, &err), &err);
        check_ok(rows[i], kol_seal(a, &one, PLACE, rows[i], &again, &err), &err);
        check_true(rows[i], kol_starts_with(sealed, "sealed:1:"));
        check_true(rows[i], !kol_streq(sealed, again)); /* a nonce of its own each time */
        check_true(rows[i], strlen(rows[i]) < 8 || !strstr(sealed, rows[i]));
        check_ok(rows[i], kol_unseal(&one, PLACE, sealed, back, sizeof back, &err), &err);
        check_str(rows[i], back, rows[i]);
    }
}

static void long_ones(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    static char text[KOL_SEAL_MAX + 2], back[KOL_SEAL_MAX + 1];
    char *sealed = NULL;
    struct kol_err err;

    (void)state;
    memset(text, 'x', sizeof text);
    text[KOL_SEAL_MAX + 1] = '\0';
    check_code("too long", kol_seal(a, &one, PLACE, text, &sealed, &err), KOL_TOO_LARGE, &err);
    text[KOL_SEAL_MAX] = '\0';
    check_ok("longest", kol_seal(a, &one, PLACE, text, &sealed, &err), &err);
    check_ok("longest", kol_unseal(&one, PLACE, sealed, back, sizeof back, &err), &err);
    check_str("longest", back, text);
    check_code("no room", kol_unseal(&one, PLACE, sealed, back, KOL_SEAL_MAX, &err), KOL_BAD_CONFIG,
               &err);
}

static void refused(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    char *sealed = NULL, back[KOL_SEAL_MAX + 1];
    struct kol_err err;

    (void)state;
    check_ok("seal", kol_seal(a, &one, PLACE, "secret", &sealed, &err), &err);
    check_code("key", kol_unseal(&other, PLACE, sealed, back, sizeof back, &err), KOL_BAD_CONFIG,
               &err);
    check_has("key", err.msg, "another key");
    check_code("column",
               kol_unseal(&one, "AC00000000000000000000000000000001/auth_token_second", sealed,
                          back, sizeof back, &err),
               KOL_BAD_CONFIG, &err);
    check_has("column", err.msg, "another place");
    check_code("account",
               kol_unseal(&one, "AC00000000000000000000000000000002/auth_token", sealed, back,
                          sizeof back, &err),
               KOL_BAD_CONFIG, &err);
    check_str("nothing is left", back, "");
}

/* Every single character of it matters. */
static void tampering(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    char *sealed = NULL, back[KOL_SEAL_MAX + 1];
    struct kol_err err;

    (void)state;
    check_ok("seal", kol_seal(a, &one, PLACE, "0123456789abcdef", &sealed, &err), &err);
    for (size_t i = 0; sealed[i]; i++) {
        char was = sealed[i];
        sealed[i] = was == 'A' ? 'B' : 'A';
        check_code(sealed, kol_unseal(&one, PLACE, sealed, back, sizeof back, &err), KOL_BAD_CONFIG,
                   &err);
        check_str(sealed, back, "");
        sealed[i] = was;
    }
    for (size_t len = strlen(sealed); len-- > 0;) {
        sealed[len] = '\0';
        check_code(sealed, kol_unseal(&one, PLACE, sealed, back, sizeof back, &err), KOL_BAD_CONFIG,
                   &err);
    }
}

static void key_file(void **state)
{
    char folder[256], path[300];
    struct kol_seal_key made, again;
    struct kol_err err;
    struct stat st;

    (void)state;
    test_folder(folder);
    snprintf(path, sizeof path, "%s/secrets.key", folder);
    check_code("none", kol_seal_key_load(path, false, &made, &err), KOL_NOT_FOUND, &err);
    check_ok("made", kol_seal_key_load(path, true, &made, &err), &err);
    check_int("mode", stat(path, &st), 0);
    check_int("mode", st.st_mode & 0777, 0600);
    check_ok("again", kol_seal_key_load(path, true, &again, &err), &err);
    check_int("the same", memcmp(&made, &again, sizeof made), 0);
    check_int("chmod", chmod(path, 0640), 0);
    check_code("group", kol_seal_key_load(path, true, &again, &err), KOL_BAD_CONFIG, &err);
    check_has("group", err.msg, "chmod 600");
    check_ok("other text", kol_file_write_atomic(path, "hello\n", 6, &err), &err);
    check_code("no key", kol_seal_key_load(path, true, &again, &err), KOL_BAD_CONFIG, &err);
    check_has("no key", err.msg, "holds no key");
    unlink(path);
    check_int("nothing else is left", rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(long_ones), cmocka_unit_test(refused),
        cmocka_unit_test(tampering),      cmocka_unit_test(key_file),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
