/* The rules of Whisper's text, on a small part of the vocabulary. */
#include "base/test.h"
#include "transcribe/loop.h"
#include "transcribe/native_sample.h"
#include "transcribe/native_simd.h"
#include <math.h>

enum { VOCAB = 51865, END = 50257, TIME = 50364, YES = 3, NO = 4, HASH = 2, BLANK = 1 };

static const char *const words[] = {"!", " ", "#", "yes", " no"};
static struct kol_native_vocab *vocab;
static struct kol_native_rules rules;
static struct kol_native_line line;
static float logits[VOCAB];
static struct kol_err err;

static size_t word(const void *source, int id, const char **ret)
{
    *ret = ((const char *const *)source)[id];
    return strlen(*ret);
}

static int open_vocab(void **state)
{
    (void)state;
    check_ok("vocab", kol_native_vocab_new(VOCAB, 5, word, words, &vocab, &err), &err);
    kol_native_rules_init(&rules, vocab);
    return 0;
}

static int close_vocab(void **state)
{
    (void)state;
    kol_native_vocab_free(vocab);
    return 0;
}

static void put(int32_t id)
{
    kol_native_take(&rules, &line, (struct kol_native_token){.id = id}, 0, 1500);
}

/* A line of these tokens, up to one that is negative; and flat numbers for all tokens. */
static void begin(const int32_t *ids)
{
    line = (struct kol_native_line){0};
    for (; *ids >= 0; ids++)
        put(*ids);
    for (int i = 0; i < VOCAB; i++)
        logits[i] = -20;
}

static int32_t choose(void)
{
    struct kol_native_token t;

    check_int("one", kol_native_best(&rules, logits, &line, 1, &t), 1);
    return t.id;
}

static void test_exp(void **state)
{
    (void)state;
    for (float x = -86; x < 86; x += 0.013F)
        assert_true(fabs(kol_exp(x) / exp((double)x) - 1) < 3e-7);
    assert_true(kol_exp(-INFINITY) < 1e-37F && kol_exp(NAN) < 1e-37F);
}

static void test_what_comes_next(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int32_t before[8];
        struct {
            int32_t id;
            float logit;
        } likely[3];
        int32_t expected;
    } rows[] = {
        {"the likeliest", {TIME, -1}, {{YES, 5}, {NO, 6}}, NO},
        {"not blank at the beginning", {-1}, {{BLANK, 9}, {END, 8}, {TIME, 1}}, TIME},
        {"blank later", {TIME, -1}, {{BLANK, 9}, {YES, 5}}, BLANK},
        {"no signs", {TIME, -1}, {{HASH, 9}, {YES, 5}}, YES},
        {"none of the specials", {TIME, YES, -1}, {{50258, 9}, {50363, 8}, {YES, 5}}, YES},
        {"begins within a second", {-1}, {{TIME + 51, 9}, {TIME + 50, 5}}, TIME + 50},
        {"text after one time", {TIME, -1}, {{TIME + 9, 9}, {YES, 5}}, YES},
        {"a time before the end comes alone", {TIME, YES, TIME + 9, -1}, {{YES, 9}, {END, 5}}, END},
        {"or in a pair", {TIME, YES, TIME + 9, -1}, {{YES, 9}, {TIME + 9, 5}}, TIME + 9},
        {"but never back", {TIME, YES, TIME + 9, -1}, {{TIME + 8, 9}, {TIME + 10, 5}}, TIME + 10},
        {"text after a pair", {TIME, YES, TIME + 9, TIME + 9, -1}, {{TIME + 10, 9}, {NO, 5}}, NO},
        {"times together beat a word",
         {TIME, YES, -1},
         {{NO, 5}, {TIME + 4, 4.8F}, {TIME + 5, 4.7F}},
         TIME + 4},
        {"but only together", {TIME, YES, -1}, {{NO, 5}, {TIME + 4, 4.2F}, {TIME + 5, 3.9F}}, NO},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(rows[i].before);
        for (int j = 0; j < 3; j++)
            if (rows[i].likely[j].logit != 0)
                logits[rows[i].likely[j].id] = rows[i].likely[j].logit;
        check_int(rows[i].name, choose(), rows[i].expected);
    }
}

/* What the times have is part of the whole, whether a time was forced or not. */
static void test_probabilities(void **state)
{
    (void)state;
    struct kol_native_token t;

    begin((const int32_t[]){TIME, -1});
    logits[YES] = 10;
    logits[NO] = 10 - logf(3);
    logits[HASH] = 30;
    kol_native_best(&rules, logits, &line, 1, &t);
    check_int("id", t.id, YES);
    assert_true(fabsf(t.probability - 0.75F) < 1e-4F);
    assert_true(fabsf(t.logprob - logf(0.75F)) < 1e-4F);
    logits[YES] = 10; /* it was taken out */
    logits[50362] = 10 + logf(2);
    assert_true(fabsf(kol_native_probability(logits, VOCAB, 50362) - 0.6F) < 1e-4F);
}

static void test_several(void **state)
{
    (void)state;
    struct kol_native_token t[5];

    begin((const int32_t[]){TIME, -1});
    logits[YES] = 10;
    logits[NO] = 11;
    logits[HASH] = 30;
    logits[BLANK] = 9;
    check_int("all", kol_native_best(&rules, logits, &line, 5, t), 5);
    check_int("best", t[0].id, NO);
    check_int("second", t[1].id, YES);
    check_int("third", t[2].id, BLANK);
    assert_true(t[0].logprob > t[1].logprob && t[2].logprob > t[3].logprob);

    line = (struct kol_native_line){0};
    for (int i = 0; i < 12; i++)
        put(i == 0 ? TIME : YES);
    check_int("out of a loop", kol_native_best(&rules, logits, &line, 5, t), 1);
    check_int("there is one way", t[0].id, END);
}

static void test_drawing(void **state)
{
    (void)state;
    uint64_t random = 7;
    int yes = 0;

    for (int i = 0; i < 400; i++) {
        begin((const int32_t[]){TIME, -1});
        logits[YES] = 8;
        logits[NO] = 8 - 0.5F * logf(3);
        int32_t id = kol_native_draw(&rules, logits, &line, 0.5F, &random).id;
        assert_true(id == YES || id == NO);
        yes += id == YES;
    }
    assert_true(yes > 260 && yes < 340); /* 3 of 4, for 0.5 squares them */
}

static void test_numbers_that_are_none(void **state)
{
    (void)state;
    begin((const int32_t[]){TIME, -1});
    for (int i = 0; i < VOCAB; i++)
        logits[i] = NAN;
    check_int("ends", choose(), END);
}

/* ---- The end of a line ---- */

static void test_ends(void **state)
{
    (void)state;
    begin((const int32_t[]){TIME, YES, END, -1});
    check_true("end of text", line.done && !line.failed && line.kept == 3);

    begin((const int32_t[]){TIME, YES, -1});
    kol_native_take(&rules, &line, (struct kol_native_token){.id = TIME + 95}, 0, 100);
    check_true("end of sound", line.done && line.kept == 3);

    line = (struct kol_native_line){0};
    for (int i = 0; !line.done; i++)
        kol_native_take(&rules, &line, (struct kol_native_token){.id = i % 2 ? YES : NO}, 10, 1500);
    check_true("cap", line.count == 11 && line.kept == 11 && !line.failed);

    line = (struct kol_native_line){0};
    while (!line.done)
        put(5 + line.count);
    check_true("full without a time", line.count == KOL_NATIVE_TOKENS && line.failed);

    line = (struct kol_native_line){0};
    while (!line.done)
        put(line.count == 100 ? TIME + 800 : 5 + line.count);
    check_true("full, with one", !line.failed && line.kept == 101);
}

static void test_loops(void **state)
{
    (void)state;
    static const int32_t two[] = {8, 9, 8, 9, 8, 9, 8, 9, 8, 9, 8, 9, 8, 9};

    assert_true(kol_is_loop(two, sizeof(*two), 14));
    assert_false(kol_is_loop(two, sizeof(*two), 11));
    line = (struct kol_native_line){0};
    put(TIME);
    for (int i = 0; i < 10; i++)
        put(YES);
    for (int i = 0; i < VOCAB; i++)
        logits[i] = i == YES ? 9 : -1;
    check_int("ended", choose(), END);
    assert_true(line.looping);
}

static void test_judging(void **state)
{
    (void)state;
    line = (struct kol_native_line){0};
    for (int i = 0; i < 40; i++)
        put(5 + i % 8);
    line.kept = 40;
    assert_true(kol_native_judge(&line) == -INFINITY && line.failed);
    line = (struct kol_native_line){0};
    for (int i = 0; i < 40; i++)
        kol_native_take(&rules, &line,
                        (struct kol_native_token){.id = 5 + i % 16, .logprob = -0.5F}, 0, 1500);
    line.kept = 40;
    assert_true(fabs(kol_native_judge(&line) + 0.5) < 1e-6 && !line.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp),           cmocka_unit_test(test_what_comes_next),
        cmocka_unit_test(test_probabilities), cmocka_unit_test(test_several),
        cmocka_unit_test(test_drawing),       cmocka_unit_test(test_numbers_that_are_none),
        cmocka_unit_test(test_ends),          cmocka_unit_test(test_loops),
        cmocka_unit_test(test_judging),
    };
    return cmocka_run_group_tests(tests, open_vocab, close_vocab);
}
