/* test_secret.c - the three places of a secret, and what is refused. */
#include "base/file.h"
#include "base/secret.h"
#include "base/test.h"
#include <sys/stat.h>

#define PLACE "AC00000000000000000000000000000001/auth_token"

static char folder[256], key_path[300], secret_path[300];

static int make_folder(void **state)
{
    (void)state;
    test_folder(folder);
    snprintf(key_path, sizeof key_path, "%s/secrets.key", folder);
    snprintf(secret_path, sizeof secret_path, "%s/token", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(key_path);
    unlink(secret_path);
    return rmdir(folder);
}

static void forms(void **state)
{
    static const struct {
        const char *text;
        bool good;
        const char *shown;
    } rows[] = {
        {"env:KOL_TEST", true, "env:KOL_TEST"},
        {"env:", false, "env:"},
        {"env:A=B", false, "env:A=B"},
        {"file:/etc/token", true, "file:/etc/token"},
        {"file:token", false, "file:token"},
        {"sealed:1:x", true, "sealed"},
        {"0123456789abcdef0123456789abcdef", false, "sealed"},
        {"", false, ""},
    };
    struct kol_err err;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_int(rows[i].text, kol_secret_check(rows[i].text, &err) == KOL_OK, rows[i].good);
        check_str(rows[i].text, kol_secret_shown(rows[i].text), rows[i].shown);
    }
}

static void environment(void **state)
{
    char got[16];
    struct kol_err err;

    (void)state;
    unsetenv("KOL_TEST_SECRET");
    check_code("unset", kol_secret_read("", PLACE, "env:KOL_TEST_SECRET", got, sizeof got, &err),
               KOL_BAD_CONFIG, &err);
    check_has("unset", err.msg, "env:KOL_TEST_SECRET is not set");
    setenv("KOL_TEST_SECRET", "hush", 1);
    check_ok("set", kol_secret_read("", PLACE, "env:KOL_TEST_SECRET", got, sizeof got, &err), &err);
    check_str("set", got, "hush");
    setenv("KOL_TEST_SECRET", "0123456789abcdef", 1);
    check_code("long", kol_secret_read("", PLACE, "env:KOL_TEST_SECRET", got, sizeof got, NULL),
               KOL_BAD_CONFIG, &err);
    check_str("long", got, "");
}

static void files(void **state)
{
    static const struct {
        const char *content, *secret; /* NULL: refused */
    } rows[] = {
        {"hush", "hush"}, {"hush\n", "hush"}, {"hush\r\n", "hush"}, {"two\nlines\n", "two\nlines"},
        {"", NULL},       {"\n", NULL},
    };
    char stored[320], got[KOL_SEAL_MAX + 1];
    struct kol_err err;

    (void)state;
    snprintf(stored, sizeof stored, "file:%s", secret_path);
    check_code("none", kol_secret_read("", PLACE, stored, got, sizeof got, &err), KOL_BAD_CONFIG,
               &err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *c = rows[i].content;
        check_ok(c, kol_file_write_atomic(secret_path, c, strlen(c), &err), &err);
        enum kol_code code = kol_secret_read("", PLACE, stored, got, sizeof got, &err);
        check_code(c, code, rows[i].secret ? KOL_OK : KOL_BAD_CONFIG, &err);
        check_str(c, got, rows[i].secret ? rows[i].secret : "");
    }
    check_int("chmod", chmod(secret_path, 0644), 0);
    check_code("for all", kol_secret_read("", PLACE, stored, got, sizeof got, &err), KOL_BAD_CONFIG,
               &err);
    check_has("for all", err.msg, "chmod 600");
    check_int("chmod", chmod(secret_path, 0400), 0);
    check_code("empty", kol_secret_read("", PLACE, stored, got, sizeof got, &err), KOL_BAD_CONFIG,
               &err);
    check_has("empty", err.msg, "is empty");
}

static void sealed(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_seal_key key;
    char *text = NULL, got[64];
    struct kol_err err;

    (void)state;
    check_ok("key", kol_seal_key_load(key_path, true, &key, &err), &err);
    check_ok("seal", kol_seal(a, &key, PLACE, "hush", &text, &err), &err);
    check_ok("read", kol_secret_read(key_path, PLACE, text, got, sizeof got, &err), &err);
    check_str("read", got, "hush");
    check_code("column", kol_secret_read(key_path, "elsewhere", text, got, sizeof got, &err),
               KOL_BAD_CONFIG, &err);
    unlink(key_path);
    check_code("no key", kol_secret_read(key_path, PLACE, text, got, sizeof got, &err),
               KOL_BAD_CONFIG, &err);
    check_has("no key", err.msg, "bring it back from its backup");
    check_code("plain", kol_secret_read(key_path, PLACE, "hush", got, sizeof got, &err),
               KOL_BAD_CONFIG, &err);
    check_true("not told", !strstr(err.msg, "hush"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(environment),
        cmocka_unit_test(files),
        cmocka_unit_test(sealed),
    };
    return cmocka_run_group_tests_name("secret", tests, make_folder, remove_folder);
}
