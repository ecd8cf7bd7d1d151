#include "base/test.h"
#include <errno.h>

static void codes_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < KOL_CODE_COUNT; i++) {
        const char *name = kol_code_name((enum kol_code)i);
        check_int(name, kol_code_from_name(name), i);
        check_true(name, kol_code_http((enum kol_code)i) >= 200);
    }
    check_int("unknown", kol_code_from_name("no such"), KOL_BUG);
    check_int("null", kol_code_from_name(NULL), KOL_BUG);
    check_str("past the end", kol_code_name((enum kol_code)KOL_CODE_COUNT), "bug");
    check_int("net", kol_code_next(KOL_NET), KOL_NEXT_RETRY);
    check_int("refused", kol_code_next(KOL_REFUSED), KOL_NEXT_PAUSE);
    check_int("bad_input", kol_code_next(KOL_BAD_INPUT), KOL_NEXT_GIVE_UP);
    check_int("lost_lease", kol_code_next(KOL_LOST_LEASE), KOL_NEXT_STOP);
}

static void errno_becomes_a_code(void **state)
{
    static const struct {
        const char *name;
        int error_number;
        enum kol_code expected;
    } rows[] = {
        {"0", 0, KOL_OK},
        {"ENOSPC", ENOSPC, KOL_DISK_FULL},
        {"EDQUOT", EDQUOT, KOL_DISK_FULL},
        {"EFBIG", EFBIG, KOL_DISK_FULL},
        {"ENOMEM", ENOMEM, KOL_NO_MEMORY},
        {"EIO", EIO, KOL_IO},
        {"ENOENT", ENOENT, KOL_IO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_int(rows[i].name, kol_code_from_errno(rows[i].error_number), rows[i].expected);
}

static void fails_with_one_line(void **state)
{
    struct kol_err err = {0};

    (void)state;
    check_int("code", kol_fail(&err, KOL_IO, "open %s: %s", "a\nb\033[1m", "no"), KOL_IO);
    check_str("text", err.msg, "open a?b?[1m: no");
    check_int("prefix", kol_err_prefix(&err, "job %d", 7), KOL_IO);
    check_str("prefix", err.msg, "job 7: open a?b?[1m: no");
    check_int("null", kol_fail(NULL, KOL_NET, "x"), KOL_NET);
}

static void long_text_is_cut_between_characters(void **state)
{
    struct kol_err err = {0};
    char text[400];

    (void)state;
    for (size_t i = 0; i < 199; i++)
        memcpy(text + 2 * i, "א", 2);
    text[398] = '\0';
    kol_fail(&err, KOL_BUG, "%s", text);
    check_int("bytes", strlen(err.msg), 238);
    kol_fail(&err, KOL_BUG, "x%s", text);
    check_int("bytes", strlen(err.msg), 239);
    kol_err_prefix(&err, "xy");
    check_true("utf-8", kol_utf8_valid(err.msg, strlen(err.msg)));
}

/* "write /very/long/path: no space" must not end before it says why. */
static void the_reason_outlives_a_long_prefix(void **state)
{
    struct kol_err err = {0};
    char path[200];

    (void)state;
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    kol_fail(&err, KOL_IO, "write %.100s: no space left", path);
    kol_err_prefix(&err, "GET %s", path);
    check_int("whole", strlen(err.msg), sizeof err.msg - 1);
    check_true("begin", kol_starts_with(err.msg, "GET aaa"));
    check_true("cut", strstr(err.msg, "a...: write a") != NULL);
    kol_err_prefix(&err, "pull silero-vad"); /* no room is left for another one */
    check_true("reason", kol_ends_with(err.msg, "no space left"));

    kol_fail(&err, KOL_IO, "%.180s", path);
    kol_err_prefix(&err, "%.57s", path); /* just fits: 57 + 2 + 180 */
    check_int("fits", strlen(err.msg), sizeof err.msg - 1);
    check_true("fits", strstr(err.msg, "...") == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_names),
        cmocka_unit_test(errno_becomes_a_code),
        cmocka_unit_test(fails_with_one_line),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(the_reason_outlives_a_long_prefix),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
