/*
 * test_lexicon.h - the built-in lexicon, loaded once for a group of tests:
 *
 *     return cmocka_run_group_tests_name("towns", tests, load_lexicon, free_lexicon);
 */
#ifndef KOL_UNDERSTAND_TEST_LEXICON_H
#define KOL_UNDERSTAND_TEST_LEXICON_H

#include "understand/insight.h"

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

#endif
