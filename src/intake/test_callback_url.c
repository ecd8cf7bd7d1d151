/* test_callback_url.c - the token of a callback's URL fits one business, account and database. */
#include "base/crypto.h"
#include "base/test.h"
#include "intake/callback_url.h"

#define OURS "AC00000000000000000000000000000001"
#define THEIRS "AC00000000000000000000000000000002"
#define SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct kol_err err;

static enum kol_code read_token(const char *secret, const char *token, const char *account,
                                int64_t *ret)
{
    return kol_callback_token_read(secret, token, strlen(token), account, ret, &err);
}

static void fits_only_itself(void **state)
{
    static const int64_t ids[] = {1, 7, 4711, INT64_MAX};
    char token[KOL_CALLBACK_TOKEN];
    int64_t id = 0;

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        kol_callback_token(SECRET, ids[i], OURS, token);
        check_ok(token, read_token(SECRET, token, OURS, &id), &err);
        check_int(token, id, ids[i]);
        check_code("account", read_token(SECRET, token, THEIRS, &id), KOL_FORBIDDEN, &err);
        check_code("secret", read_token("other", token, OURS, &id), KOL_FORBIDDEN, &err);
        check_code("none", read_token("", token, OURS, &id), KOL_FORBIDDEN, &err);
        check_code("longer",
                   kol_callback_token_read(SECRET, token, strlen(token) - 1, OURS, &id, &err),
                   KOL_FORBIDDEN, &err);
    }
}

/* Whatever single character is changed, it is another token or none. */
static void every_character_counts(void **state)
{
    char token[KOL_CALLBACK_TOKEN];
    int64_t id = 0;

    (void)state;
    kol_callback_token(SECRET, 42, OURS, token);
    for (size_t i = 0; token[i]; i++) {
        char was = token[i];
        for (int c = 1; c < 256; c++) {
            if ((char)c == was)
                continue;
            token[i] = (char)c;
            check_code(token, read_token(SECRET, token, OURS, &id), KOL_FORBIDDEN, &err);
        }
        token[i] = was;
    }
}

static void other_forms(void **state)
{
    static const char *const rows[] = {
        "",
        ".",
        "42",
        "42.",
        ".AAAAAAAAAAAAAAAAAAAAAA",
        "0.AAAAAAAAAAAAAAAAAAAAAA",
        "-1.AAAAAAAAAAAAAAAAAAAAAA",
        "99999999999999999999.AAAAAAAAAAAAAAAAAAAAAA",
        "9999999999999999999.AAAAAAAAAAAAAAAAAAAAAA",
        "42.AAAAAAAAAAAAAAAAAAAAAAA",
    };
    int64_t id = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_code(rows[i], read_token(SECRET, rows[i], OURS, &id), KOL_FORBIDDEN, &err);
        check_has(rows[i], err.msg, "kol twilio urls");
    }
}

static void finding(void **state)
{
    static const struct {
        const char *target, *token; /* NULL: none */
        bool refused;
    } rows[] = {
        {"/webhook/call_status", NULL, false},
        {"/webhook/call_status?kol=1.x", "1.x", false},
        {"/webhook/call_status?a=2&kol=1.x&kolb=3", "1.x", false},
        {"/webhook/call_status?kolb=3", NULL, false},
        {"/webhook/call_status?kol=", "", false},
        {"/webhook/call_status#?kol=1.x", NULL, false},
        {"/webhook/call_status?kol=1.x#kol", "1.x", false},
        {"/webhook/call_status?kol=1.x&kol=1.x", NULL, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *token = NULL, *row = rows[i].target;
        size_t len = 0;
        check_code(row, kol_callback_token_find(row, &token, &len, &err),
                   rows[i].refused ? KOL_FORBIDDEN : KOL_OK, &err);
        if (rows[i].refused)
            continue;
        check_true(row, !token == !rows[i].token);
        check_true(row, !token || (len == strlen(rows[i].token) &&
                                   memcmp(token, rows[i].token, len) == 0));
    }
}

static void whole_url(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_conf conf = {.public_url = "https://kol.example.com/"};
    const char *url = NULL, *token = NULL;
    size_t len = 0;
    int64_t id = 0;

    (void)state;
    check_ok("url", kol_callback_url(a, &conf, SECRET, KOL_INTAKE_CALL_STATUS, 7, OURS, &url, &err),
             &err);
    check_has("url", url, "https://kol.example.com/webhook/call_status?kol=7.");
    check_true("overrides", kol_ends_with(url, "#rc=5&rp=5xx,ct,rt"));
    check_ok("back", kol_callback_token_find(url, &token, &len, &err), &err);
    check_ok("back", kol_callback_token_read(SECRET, token, len, OURS, &id, &err), &err);
    check_int("back", id, 7);
    conf.public_url = "";
    check_code("none",
               kol_callback_url(a, &conf, SECRET, KOL_INTAKE_CALL_STATUS, 7, OURS, &url, &err),
               KOL_BAD_CONFIG, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_only_itself), cmocka_unit_test(every_character_counts),
        cmocka_unit_test(other_forms),      cmocka_unit_test(finding),
        cmocka_unit_test(whole_url),
    };
    return cmocka_run_group_tests_name("callback_url", tests, NULL, NULL);
}
