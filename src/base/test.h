/*
 * test.h - the one way to include cmocka (2.x renames its macros), and checks that print both
 * values.
 *
 * Tables name their row: check_str(row->input, ret, row->expected). Only tests include this.
 */
#ifndef KOL_BASE_TEST_H
#define KOL_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define check_int(row, actual, expected)                                                           \
    do {                                                                                           \
        long long actual_ = (long long)(actual);                                                   \
        long long expected_ = (long long)(expected);                                               \
        if (actual_ != expected_)                                                                  \
            fail_msg("[%s] %s is %lld, expected %lld", row, #actual, actual_, expected_);          \
    } while (0)

#define check_str(row, actual, expected)                                                           \
    do {                                                                                           \
        const char *actual_ = (actual);                                                            \
        const char *expected_ = (expected);                                                        \
        if (!kol_streq(actual_, expected_))                                                        \
            fail_msg("[%s] %s is '%s', expected '%s'", row, #actual, actual_ ? actual_ : "(null)", \
                     expected_ ? expected_ : "(null)");                                            \
    } while (0)

#define check_true(row, condition)                                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("[%s] not true: %s", row, #condition);                                        \
    } while (0)

#define check_has(row, text, part)                                                                 \
    do {                                                                                           \
        const char *text_ = (text);                                                                \
        if (!strstr(text_, part))                                                                  \
            fail_msg("[%s] '%s' is not in '%s'", row, part, text_);                                \
    } while (0)

/* A call that must give a certain code; prints the message when it gives another. */
#define check_code(row, actual, expected, err)                                                     \
    do {                                                                                           \
        enum kol_code actual_ = (actual);                                                          \
        enum kol_code expected_ = (expected);                                                      \
        if (actual_ != expected_)                                                                  \
            fail_msg("[%s] %s, expected %s: %s", row, kol_code_name(actual_),                      \
                     kol_code_name(expected_), actual_ == KOL_OK ? "" : (err)->msg);               \
    } while (0)
#define check_ok(row, actual, err) check_code(row, actual, KOL_OK, err)

/* A new folder under TMPDIR; the caller removes it with test_remove(). path: 256 bytes. */
static inline void test_folder(char path[static 256])
{
    const char *tmp = getenv("TMPDIR");

    snprintf(path, 256, "%s/kol-test-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(path))
        fail_msg("mkdtemp %s failed", path);
}

#endif
