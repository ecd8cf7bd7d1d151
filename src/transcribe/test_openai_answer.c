/* Answers of speech servers, usual and hostile. */
#include "base/test.h"
#include "transcribe/openai_answer.h"

static struct kol_err err;

static enum kol_code read_text(struct kol_arena *a, const char *text, struct kol_engine_result *ret,
                               const char **ret_language)
{
    memset(&err, 0, sizeof err);
    return kol_openai_read(a, text, strlen(text), 10000, ret, ret_language, &err);
}

static void reads_words_and_segments(void **state)
{
    static const char text[] =
        "{\"task\":\"transcribe\",\"language\":\"hebrew\",\"duration\":9.5,\"text\":\"one two. "
        "three\",\"segments\":[{\"id\":0,\"start\":0.5,\"end\":2.0,\"text\":\" one two.\","
        "\"avg_logprob\":-0.2,\"no_speech_prob\":0.1},{\"id\":1,\"start\":4,\"end\":5,\"text\":\""
        " three\",\"avg_logprob\":-0.4,\"no_speech_prob\":0.3}],\"words\":[{\"word\":\"one\","
        "\"start\":0.5,\"end\":0.9},{\"word\":\"two\",\"start\":1,\"end\":1.9},{\"word\":\"three\","
        "\"start\":4.1,\"end\":4.8}]}";
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_result r;
    const char *language;

    (void)state;
    check_ok("read", read_text(a, text, &r, &language), &err);
    check_str("language", language, "he");
    check_int("segments", r.segment_count, 2);
    check_int("words", r.segments[0].token_count, 2);
    check_str("word", r.segments[1].tokens[0].text, " three");
    check_int("start", r.segments[1].tokens[0].start_ms, 4100);
    check_int("end", r.segments[1].tokens[0].end_ms, 4800);
    check_int("whole chunk", r.end_ms, 10000);
    check_true("logprob", r.avg_logprob > -0.31 && r.avg_logprob < -0.29);
    check_true("no speech", r.no_speech_prob > 0.19 && r.no_speech_prob < 0.21);
}

static void takes_less(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_result r;
    const char *language;

    (void)state;
    check_ok("text only", read_text(a, "{\"text\":\" just  text\"}", &r, &language), &err);
    check_str("no language", language, NULL);
    check_int("words", r.segments[0].token_count, 2);
    check_int("untimed", r.segments[0].tokens[1].start_ms, -1);
    check_int("end", r.segments[0].end_ms, 10000);
    check_ok("nobody speaks", read_text(a, "{\"text\":\"\",\"segments\":[]}", &r, &language), &err);
    check_int("none", r.segment_count, 0);
    check_ok("a word without text",
             read_text(a, "{\"text\":\"a b\",\"words\":[{\"start\":1}]}", &r, &language), &err);
    check_int("the text stands", r.segments[0].token_count, 2);
    check_ok("controls", read_text(a, "{\"text\":\"a\\u0007b\\nc\"}", &r, &language), &err);
    check_str("cleaned", r.segments[0].tokens[0].text, " a");
}

static void brings_times_into_order(void **state)
{
    static const char text[] =
        "{\"text\":\"x\",\"segments\":[{\"start\":-5,\"end\":1e300,\"text\":\"a\"},{\"start\":3,"
        "\"end\":1,\"text\":\"b\"},{\"start\":\"no\",\"text\":\"c\"}],\"words\":[{\"word\":\"a\","
        "\"start\":9,\"end\":2},{\"word\":\"b\",\"start\":99,\"end\":-1},{\"word\":\"c\"}]}";
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_result r;
    const char *language;
    int64_t last = 0;

    (void)state;
    check_ok("read", read_text(a, text, &r, &language), &err);
    for (size_t i = 0; i < r.segment_count; i++) {
        check_true("order", r.segments[i].start_ms >= last &&
                                r.segments[i].end_ms >= r.segments[i].start_ms &&
                                r.segments[i].end_ms <= 10000);
        last = r.segments[i].end_ms;
        for (size_t k = 0; k < r.segments[i].token_count; k++)
            check_true("words", r.segments[i].tokens[k].start_ms >= r.segments[i].start_ms &&
                                    r.segments[i].tokens[k].end_ms <= r.segments[i].end_ms);
    }
}

static void refuses_nonsense(void **state)
{
    static const char *const rows[] = {"",
                                       "null",
                                       "[]",
                                       "{}",
                                       "{\"text\":5}",
                                       "<html>",
                                       "{\"text\":\"a\"",
                                       "{\"text\":\"a\",\"segments\":[5]}",
                                       "{\"text\":\"a\",\"segments\":[{\"start\":1}]}"};
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_result r;
    const char *language;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_code(rows[i], read_text(a, rows[i], &r, &language), KOL_ENGINE, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_words_and_segments),
        cmocka_unit_test(takes_less),
        cmocka_unit_test(brings_times_into_order),
        cmocka_unit_test(refuses_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
