/* test_account.c - whose credentials are used for what, and what is said when they cannot be read.
 */
#include "base/test.h"
#include "twilio/account.h"

#define OURS "AC00000000000000000000000000000001"
#define THEIRS "AC00000000000000000000000000000002"
#define NOBODY "AC00000000000000000000000000000003"
#define KEY "SK00000000000000000000000000000004"

static struct kol_db *db;
static struct kol_arena *a;
static struct kol_err err;
static char folder[256], db_path[300], key_path[300];

static struct kol_conf conf = {
    .twilio_account_sid = OURS,
    .twilio_auth_token = "our token",
    .twilio_auth_token_second = "our other token",
    .twilio_api_key_sid = "",
    .twilio_api_key_secret = "",
};

static int set_up(void **state)
{
    (void)state;
    test_folder(folder);
    snprintf(db_path, sizeof db_path, "%s/kol.db", folder);
    snprintf(key_path, sizeof key_path, "%s/secrets.key", folder);
    conf.secrets_key_file = key_path;
    a = kol_arena_new(0);
    if (kol_db_open(db_path, KOL_DB_WRITE, &db, &err) != KOL_OK ||
        kol_db_migrate(db, &err) != KOL_OK || kol_db_begin(db, &err) != KOL_OK)
        fail_msg("%s", err.msg);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"kol.db", "kol.db-wal", "kol.db-shm", "secrets.key"};

    (void)state;
    kol_db_rollback(db);
    kol_db_close(db);
    kol_arena_free(a);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static char *sealed(const char *column, const char *secret)
{
    KOL_SEAL_KEY key;
    char *text = NULL;

    check_ok("key", kol_seal_key_load(key_path, true, &key, &err), &err);
    check_ok("seal", kol_seal(a, &key, kol_account_place(a, THEIRS, column), secret, &text, &err),
             &err);
    return text;
}

static void put(const struct kol_account *account)
{
    if (kol_account_update(db, account, 2, &err) == KOL_NOT_FOUND)
        check_ok("add", kol_account_add(db, account, 1, &err), &err);
}

static void of_the_settings(void **state)
{
    KOL_LOGIN login;
    KOL_TOKENS tokens;

    (void)state;
    check_ok("login", kol_account_login(NULL, &conf, OURS, &login, &err), &err);
    check_str("user", login.user, OURS);
    check_str("password", login.password, "our token");
    check_ok("tokens", kol_account_tokens(NULL, &conf, OURS, &tokens, &err), &err);
    check_str("first", tokens.token[0], "our token");
    check_str("second", tokens.token[1], "our other token");

    conf.twilio_api_key_sid = KEY;
    conf.twilio_api_key_secret = "our key";
    check_ok("key", kol_account_login(db, &conf, OURS, &login, &err), &err);
    check_str("user", login.user, KEY);
    check_str("password", login.password, "our key");
    conf.twilio_api_key_sid = conf.twilio_api_key_secret = "";
}

static void of_a_row(void **state)
{
    KOL_LOGIN login;
    KOL_TOKENS tokens;
    struct kol_account row = {.account_sid = THEIRS,
                              .name = "Carmel",
                              .auth_token = sealed("auth_token", "their token"),
                              .auth_token_second = "env:KOL_TEST_SECOND"};

    (void)state;
    put(&row);
    setenv("KOL_TEST_SECOND", "their other token", 1);
    check_ok("login", kol_account_login(db, &conf, THEIRS, &login, &err), &err);
    check_str("user", login.user, THEIRS);
    check_str("password", login.password, "their token");
    check_ok("tokens", kol_account_tokens(db, &conf, THEIRS, &tokens, &err), &err);
    check_str("first", tokens.token[0], "their token");
    check_str("second", tokens.token[1], "their other token");

    unsetenv("KOL_TEST_SECOND"); /* the one that can be read is enough */
    check_ok("one", kol_account_tokens(db, &conf, THEIRS, &tokens, &err), &err);
    check_str("one", tokens.token[0], "their token");
    check_str("one", tokens.token[1], "");

    row.api_key_sid = KEY;
    row.api_key_secret = sealed("api_key_secret", "their key");
    put(&row);
    check_ok("key", kol_account_login(db, &conf, THEIRS, &login, &err), &err);
    check_str("user", login.user, KEY);
    check_str("password", login.password, "their key");
}

static void not_readable(void **state)
{
    KOL_LOGIN login;
    KOL_TOKENS tokens;
    struct kol_account row = {.account_sid = THEIRS};

    (void)state;
    check_code("unknown", kol_account_login(db, &conf, NOBODY, &login, &err), KOL_REFUSED, &err);
    check_code("unknown", kol_account_tokens(db, &conf, NOBODY, &tokens, &err), KOL_FORBIDDEN,
               &err);
    put(&row);
    check_code("none", kol_account_login(db, &conf, THEIRS, &login, &err), KOL_REFUSED, &err);
    check_code("none", kol_account_tokens(db, &conf, THEIRS, &tokens, &err), KOL_BAD_CONFIG, &err);

    row.auth_token = sealed("auth_token_second", "moved here from another column");
    put(&row);
    check_code("moved", kol_account_login(db, &conf, THEIRS, &login, &err), KOL_REFUSED, &err);
    check_has("moved", err.msg, "auth_token of account " THEIRS);
    check_str("moved", login.password, "");
    check_code("moved", kol_account_tokens(db, &conf, THEIRS, &tokens, &err), KOL_BAD_CONFIG, &err);

    row.auth_token = sealed("auth_token", "their token");
    put(&row);
    unlink(key_path);
    check_code("no key", kol_account_login(db, &conf, THEIRS, &login, &err), KOL_REFUSED, &err);
    check_has("no key", err.msg, "secrets.key is not there");
    check_code("no key", kol_account_tokens(db, &conf, THEIRS, &tokens, &err), KOL_BAD_CONFIG,
               &err);
}

static void fingerprints(void **state)
{
    char ours[65], before[65], same[65], after[65], unreadable[65];
    struct kol_account row = {.account_sid = THEIRS,
                              .auth_token = sealed("auth_token", "their token")};

    (void)state;
    put(&row);
    check_ok("ours", kol_account_fingerprint(db, &conf, OURS, ours, &err), &err);
    check_ok("before", kol_account_fingerprint(db, &conf, THEIRS, before, &err), &err);
    row.auth_token = sealed("auth_token", "their token"); /* another text, the same secret */
    put(&row);
    check_ok("same", kol_account_fingerprint(db, &conf, THEIRS, same, &err), &err);
    check_str("same", same, before);
    row.auth_token = sealed("auth_token", "their new token");
    put(&row);
    check_ok("after", kol_account_fingerprint(db, &conf, THEIRS, after, &err), &err);
    row.auth_token = "env:KOL_TEST_NOT_SET";
    put(&row);
    check_ok("unreadable", kol_account_fingerprint(db, &conf, THEIRS, unreadable, &err), &err);
    check_true("differ", !kol_streq(before, after) && !kol_streq(ours, before));
    check_true("differ", !kol_streq(unreadable, after));
}

static void rows(void **state)
{
    struct kol_account row = {.account_sid = THEIRS, .name = "Carmel"}, *list = NULL, *one = NULL;
    size_t n = 0;

    (void)state;
    check_code("set", kol_account_update(db, &row, 1, &err), KOL_NOT_FOUND, &err);
    check_ok("add", kol_account_add(db, &row, 1, &err), &err);
    check_code("again", kol_account_add(db, &row, 1, &err), KOL_CONFLICT, &err);
    check_ok("list", kol_account_list(db, a, &list, &n, &err), &err);
    check_int("list", n, 1);
    check_str("list", list[0].name, "Carmel");
    check_ok("remove", kol_account_remove(db, THEIRS, &err), &err);
    check_code("remove", kol_account_remove(db, THEIRS, &err), KOL_NOT_FOUND, &err);
    check_ok("gone", kol_account_by_sid(db, a, THEIRS, &one, &err), &err);
    check_true("gone", !one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_the_settings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_a_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_readable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fingerprints, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
