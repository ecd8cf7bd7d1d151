/* Tokens with no times become words with times in the call, cut where the call had a pause. */
#include "base/test.h"
#include "transcribe/words.h"
#include <math.h>

enum { RATE = 16000 };

static struct kol_engine_token token(const char *text)
{
    return (struct kol_engine_token){
        .text = text, .start_ms = -1, .end_ms = -1, .probability = 0.9F};
}

/* A buzz where `voiced` says so, one letter per 100 ms: 'v' voice, '.' silence. */
static float *sound_of(struct kol_arena *a, const char *voiced, size_t *ret_samples)
{
    size_t count = strlen(voiced) * RATE / 10;
    float *pcm = kol_arena_array(a, count + 1, sizeof(*pcm));

    for (size_t i = 0; i < count; i++)
        pcm[i] = voiced[i / (RATE / 10)] == 'v' ? (float)sin((double)i) * 0.3F : 0;
    *ret_samples = count;
    return pcm;
}

/* Two spans, 3 s of the call at 10 s and 2 s at 60 s, become one chunk of 5 s. */
static struct kol_piece pieces[] = {
    {.channel = 0, .chunk_at = 0, .call_at = 10 * RATE, .length = 3 * RATE},
    {.channel = 0, .chunk_at = 3 * RATE, .call_at = 60 * RATE, .length = 2 * RATE},
};
static const struct kol_chunk chunk = {.pieces = pieces, .piece_count = 2, .samples = 5 * RATE};

static size_t segments_of(struct kol_arena *a, const char *voiced,
                          struct kol_engine_segment *engine, size_t engine_count,
                          struct kol_segment **ret)
{
    struct kol_engine_result result = {.segments = engine, .segment_count = engine_count};
    struct kol_envelope sound;
    struct kol_err err;
    size_t samples, count;
    const float *pcm = sound_of(a, voiced, &samples);

    check_ok("envelope", kol_envelope_make(a, pcm, samples, &sound, &err), &err);
    check_ok("segments", kol_words_segments(a, &chunk, &result, 0, &sound, ret, &count, &err),
             &err);
    return count;
}

static void near(const char *row, int64_t actual, int64_t expected)
{
    if (llabs(actual - expected) > 150)
        fail_msg("[%s] %lld ms, expected about %lld", row, (long long)actual, (long long)expected);
}

static void test_cut_at_the_pause_of_the_call(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_token t[] = {token(" Hello"), token(","),   token(" Bob"), token("."),
                                   token(" Tak"),   token("ing"), token(" it.")};
    /* the engine's own boundary is 300 ms early */
    struct kol_engine_segment engine[] = {{0, 2400, t, 4}, {2400, 5000, t + 4, 3}};
    struct kol_segment *s;

    check_int("segments",
              segments_of(a, "..vvvvvvvvvvvvvvvvvvvvvvvvv......vvvvvvvvvvvvv....", engine, 2, &s),
              2);
    check_str("first", s[0].text, "Hello, Bob.");
    near("first starts", s[0].start_ms, 10200);
    near("first ends", s[0].end_ms, 12700);
    check_int("words", s[0].word_count, 2);
    check_str("word", s[0].words[0].text, "Hello,");
    check_str("second", s[1].text, "Taking it.");
    near("second starts", s[1].start_ms, 60300);
    near("second ends", s[1].end_ms, 61600);
    assert_true(s[0].level_db > -20 && s[0].level_db < -5);
}

/* The voice is slower before the joint than behind it, so by the letters words lie on the wrong
 * side. */
static const char slow_then_fast[] = "..vvvvvvvvvvvvvvvvvvvvvvvvv......vvvvvvvvvvvvv....";

static void check_sides(const char *row, struct kol_engine_segment *engine, const char *first,
                        const char *second)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_segment *s;

    check_int(row, segments_of(a, slow_then_fast, engine, 1, &s), 2);
    check_str(row, s[0].text, first);
    near(row, s[0].end_ms, 12700);
    check_str(row, s[1].text, second);
    near(row, s[1].start_ms, 60300);
    near(row, s[1].end_ms, 61600);
}

static void test_a_sentence_ends_at_the_joint(void **state)
{
    (void)state;
    struct kol_engine_token t[] = {token(" No"),  token("."),     token(" Thank"),
                                   token(" you"), token(" very"), token(" much.")};
    struct kol_engine_segment engine = {0, 5000, t, 6};

    /* "No" has two letters of eighteen, but two thirds of the voice: too far to believe */
    KOL_ARENA a = kol_arena_new(0);
    struct kol_segment *s;
    check_int("too far", segments_of(a, slow_then_fast, &engine, 1, &s), 2);
    check_true("too far", !kol_streq(s[0].text, "No."));

    t[0] = token(" Nevermore");
    check_sides("near enough", &engine, "Nevermore.", "Thank you very much.");
}

static void test_a_guessed_pause_at_the_joint(void **state)
{
    (void)state;
    struct kol_engine_token t[] = {token(" it"),    token(" has"), token(" left"), token(" it"),
                                   token(" there"), token(" to"),  token(" wait"), token(" now")};
    struct kol_engine_segment engine = {0, 5000, t, 8};
    KOL_ARENA a = kol_arena_new(0);
    struct kol_segment *s;

    /* by the letters */
    check_int("unknown", segments_of(a, slow_then_fast, &engine, 1, &s), 2);
    check_str("unknown", s[0].text, "it has left it there");
    t[0].start_ms = -1; /* without times, as from the engine */
    t[4].pause = 0.05F;
    t[5].pause = 0.03F; /* less than its neighbour: the echo of it */
    check_sides("guessed", &engine, "it has left it", "there to wait now");
    t[0].start_ms = -1;
    t[4].pause = 0.01F;
    t[5].pause = 0;
    check_int("hardly", segments_of(a, slow_then_fast, &engine, 1, &s), 2);
    check_str("hardly", s[0].text, "it has left it there");
}

/* Within a stretch of speech a guess alone moves nothing. */
static void test_a_guessed_pause_elsewhere(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_token plain[] = {token(" one"), token(" two"), token(" three"),
                                       token(" four")};
    struct kol_engine_token guessed[] = {token(" one"), token(" two"), token(" three"),
                                         token(" four")};
    struct kol_engine_segment engine[] = {{0, 2800, plain, 4}}, other[] = {{0, 2800, guessed, 4}};
    struct kol_segment *s, *o;
    static const char voiced[] = "vvvvvvvvvv....vvvvvvvvvvvvvv......................";

    guessed[2].pause = 0.5F;
    check_int("segments", segments_of(a, voiced, engine, 1, &s), 1);
    check_int("segments", segments_of(a, voiced, other, 1, &o), 1);
    for (size_t i = 0; i < 4; i++) {
        check_int("start", o[0].words[i].start_ms, s[0].words[i].start_ms);
        check_int("end", o[0].words[i].end_ms, s[0].words[i].end_ms);
    }
}

static void test_words_follow_each_other(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_token t[] = {token(" one"), token(" two"), token(" three"), token(" four"),
                                   token(" five")};
    struct kol_engine_segment engine[] = {{0, 3000, t, 5}};
    struct kol_segment *s;

    check_int("segments",
              segments_of(a, "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvv....................", engine, 1, &s),
              1);
    check_int("words", s[0].word_count, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct kol_word *w = &s[0].words[i];
        assert_true(w->start_ms < w->end_ms);
        assert_true(w->start_ms >= s[0].start_ms && w->end_ms <= s[0].end_ms);
        if (i > 0)
            assert_true(w->start_ms >= s[0].words[i - 1].end_ms);
    }
}

static void test_broken_letters_and_nothing(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_token t[] = {token(" \xD7"), token("\xA9\xD7\x9C"),
                                   token("\xD7")}; /* shin lamed, half a letter */
    struct kol_engine_token blank[] = {token(" ")};
    struct kol_engine_segment engine[] = {
        {0, 1000, t, 3}, {1000, 2000, blank, 1}, {2000, 3000, NULL, 0}};
    struct kol_segment *s;

    check_int("segments",
              segments_of(a, "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv", engine, 3, &s),
              1);
    check_str("text", s[0].text, "של\xEF\xBF\xBD");
}

static void test_times_outside_the_sound(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_token t[] = {token(" late"), token(" words")};
    struct kol_engine_segment engine[] = {{4900, 30000, t, 2}};
    struct kol_segment *s;

    size_t count = segments_of(a, "vvvvvvvvvv", engine, 1, &s);
    for (size_t i = 0; i < count; i++)
        assert_true(s[i].end_ms <= 62000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_at_the_pause_of_the_call),
        cmocka_unit_test(test_a_sentence_ends_at_the_joint),
        cmocka_unit_test(test_a_guessed_pause_at_the_joint),
        cmocka_unit_test(test_a_guessed_pause_elsewhere),
        cmocka_unit_test(test_words_follow_each_other),
        cmocka_unit_test(test_broken_letters_and_nothing),
        cmocka_unit_test(test_times_outside_the_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
