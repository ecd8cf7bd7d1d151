/*
 * test_lexicon.h - the built-in lexicon, loaded once for a group of tests, and calls read with it:
 *
 *     return cmocka_run_group_tests_name("towns", tests, load_lexicon, free_lexicon);
 */
#ifndef KOL_UNDERSTAND_TEST_LEXICON_H
#define KOL_UNDERSTAND_TEST_LEXICON_H

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "base/test.h"
#include "understand/insight.h"
#include <string.h>

static struct kol_lexicon *lexicon;

static int load_lexicon(void **state)
{
    struct kol_err err = {0};

    (void)state;
    return kol_lexicon_load(&lexicon, &err) == KOL_OK ? 0 : -1;
}

static int free_lexicon(void **state)
{
    (void)state;
    kol_lexicon_free(lexicon);
    return 0;
}

/* What a call was about, by a lexicon of the test's own; text as kol_insight_turns_from_text()
 * takes it. */
static inline struct kol_insight read_call_with(struct kol_arena *a, const struct kol_lexicon *with,
                                                const char *text)
{
    struct kol_insight_input in = {0};
    struct kol_insight r;
    struct kol_err err = {0};

    check_ok(text,
             kol_insight_turns_from_text(a, text, strlen(text), &in.turns, &in.turn_count, &err),
             &err);
    check_ok(text, kol_insight_extract(a, with, &in, &r, &err), &err);
    check_true("summary", r.summary && kol_utf8_valid(r.summary, strlen(r.summary)));
    return r;
}

static inline struct kol_insight read_call(struct kol_arena *a, const char *text)
{
    return read_call_with(a, lexicon, text);
}

/* Calls back with every labelled call of bench/data/FILE, by its label. */
static inline void each_labelled_call(const char *file,
                                      void (*call)(const json_t *label, void *user), void *user)
{
    char path[1024];
    KOL_CLEANUP(kol_free_str) char *text = NULL;
    struct kol_err err = {0};

    snprintf(path, sizeof path, "%s/../../bench/data/%s", KOL_TEST_DATA, file);
    check_ok(path, kol_file_read(path, 64u << 20, &text, NULL, &err), &err);
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        KOL_JSON label = NULL;
        if (!*line)
            continue;
        check_ok(path, kol_json_parse(line, strlen(line), &label, &err), &err);
        call(label, user);
    }
}

#endif
