/* test_prompt.c - as many names as fit, the most important last. */
#include "base/test.h"
#include "transcribe/prompt.h"

static int most_tokens;

static void info(const struct kol_engine *e, struct kol_engine_info *ret)
{
    (void)e;
    *ret = (struct kol_engine_info){.max_prompt_tokens = most_tokens};
}

/* A token for every four bytes. */
static int count_tokens(const struct kol_engine *e, const char *text)
{
    (void)e;
    return (int)(strlen(text) + 3) / 4;
}

static const struct kol_engine_driver driver = {.info = info, .count_tokens = count_tokens};
static const struct kol_engine engine = {.driver = &driver};

static void most_important_last(void **state)
{
    const char *const terms[] = {"Golan Locks", "Afula", "Haifa"};

    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    most_tokens = 224;
    check_str("en", kol_prompt_make(a, &engine, "en", terms, 3),
              "A phone call about Haifa, Afula, Golan Locks.");
    check_str("he", kol_prompt_make(a, &engine, "he", terms, 1),
              "שיחת טלפון. מדברים על Golan Locks.");
    check_true("none", kol_prompt_make(a, &engine, "en", terms, 0) == NULL);
}

static void within_the_limit(void **state)
{
    const char *terms[256];

    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    for (int i = 0; i < 256; i++)
        terms[i] = kol_arena_fmt(a, "Town%03d", i);
    for (most_tokens = 10; most_tokens <= 224; most_tokens += 107) {
        const int most = most_tokens < KOL_PROMPT_TOKENS ? most_tokens : KOL_PROMPT_TOKENS;
        const char *prompt = kol_prompt_make(a, &engine, "en", terms, 256);
        assert_non_null(prompt);
        check_true("fits", count_tokens(&engine, prompt) <= most);
        check_true("used", count_tokens(&engine, prompt) + 3 > most);
        check_true("the first at the end", strstr(prompt, "Town000.") != NULL);
        check_true("the last left out", strstr(prompt, "Town255") == NULL);
    }
    most_tokens = 5; /* not even one fits */
    check_true("none", kol_prompt_make(a, &engine, "en", terms, 256) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_important_last),
        cmocka_unit_test(within_the_limit),
    };
    return cmocka_run_group_tests_name("prompt", tests, NULL, NULL);
}
