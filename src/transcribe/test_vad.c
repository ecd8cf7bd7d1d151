/* Spans of speech out of probabilities: the rules one by one. */
#include "base/test.h"
#include "transcribe/scan.h"
#include "transcribe/vad.h"
#include <stdlib.h>

enum { MS_PER_WINDOW = 32, SPANS = 32 };

struct result {
    struct kol_speech spans[SPANS];
    size_t count;
};

/* Runs of (windows, probability), ended by 0 windows. */
struct run {
    int windows;
    float prob;
};

static struct result find(const struct run *runs)
{
    struct kol_speech_finder *f = malloc(sizeof(*f));
    struct result r = {0};
    int64_t windows = 0;

    kol_speech_init(f, &kol_speech_conf_default);
    for (; runs->windows > 0; runs++)
        for (int i = 0; i < runs->windows; i++, windows++) {
            assert_true(kol_speech_need_from(f) <= windows * KOL_VAD_WINDOW);
            if (kol_speech_push(f, runs->prob, &r.spans[r.count]))
                assert_true(++r.count < SPANS);
        }
    if (kol_speech_end(f, windows * KOL_VAD_WINDOW, &r.spans[r.count]))
        r.count++;
    free(f);
    return r;
}

static int64_t ms(int64_t samples)
{
    return samples / 16;
}

static void test_plain_span_is_padded(void **state)
{
    (void)state;
    struct result r = find((struct run[]){{50, 0}, {50, 0.9F}, {50, 0}, {0}});

    check_int("plain", r.count, 1);
    check_int("plain", ms(r.spans[0].start), 50 * MS_PER_WINDOW - 200);
    check_int("plain", ms(r.spans[0].end), 100 * MS_PER_WINDOW + 200);
    assert_true(r.spans[0].prob > 0.89F);
}

static void test_rules(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct run runs[8];
        size_t count;
    } rows[] = {
        {"nothing", {{100, 0.1F}, {0}}, 0},
        {"too short", {{20, 0}, {6, 0.9F}, {40, 0}, {0}}, 0},
        {"just long enough", {{20, 0}, {9, 0.9F}, {40, 0}, {0}}, 1},
        {"short and doubtful", {{20, 0}, {4, 0.7F}, {8, 0.4F}, {40, 0}, {0}}, 0},
        {"short and likely", {{20, 0}, {10, 0.9F}, {4, 0.4F}, {40, 0}, {0}}, 1},
        {"doubtful, but long", {{20, 0}, {10, 0.7F}, {20, 0.4F}, {40, 0}, {0}}, 1},
        {"a short pause joins", {{20, 0.9F}, {10, 0}, {20, 0.9F}, {40, 0}, {0}}, 1},
        {"a long pause parts", {{20, 0.9F}, {20, 0}, {20, 0.9F}, {40, 0}, {0}}, 2},
        {"doubt goes on", {{20, 0.9F}, {60, 0.4F}, {20, 0.9F}, {40, 0}, {0}}, 1},
        {"doubt does not begin", {{60, 0.4F}, {0}}, 0},
        {"speech up to the end", {{20, 0}, {20, 0.9F}, {0}}, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_int(rows[i].name, find(rows[i].runs).count, rows[i].count);
}

static void test_long_speech_is_cut_where_it_is_weakest(void **state)
{
    (void)state;
    /* 40 s of speech with a breath at 20 s */
    struct result r = find((struct run[]){{625, 0.9F}, {4, 0.4F}, {621, 0.9F}, {30, 0}, {0}});

    check_int("cut", r.count, 2);
    check_int("cut", r.spans[0].end, r.spans[1].start);
    int64_t at = ms(r.spans[0].end);
    assert_true(at >= 625 * MS_PER_WINDOW && at <= 630 * MS_PER_WINDOW);
}

static void test_never_too_long_never_overlapping(void **state)
{
    (void)state;
    struct result r = find((struct run[]){{5000, 0.9F}, {16, 0}, {900, 0.8F}, {0}});
    int64_t last = 0;

    assert_true(r.count >= 7);
    for (size_t i = 0; i < r.count; i++) {
        assert_true(r.spans[i].start >= last);
        assert_true(ms(r.spans[i].end - r.spans[i].start) <= 27100);
        last = r.spans[i].end;
    }
    check_int("end", last, (int64_t)5916 * KOL_VAD_WINDOW);
}

/* Noise of a level, or a voice in it: bursts of a fifth of a second, ten times as loud. */
static void fill(int16_t *pcm, size_t windows, int level, bool voice)
{
    unsigned seed = 1;

    for (size_t i = 0; i < windows * KOL_VAD_WINDOW; i++) {
        seed = seed * 1664525 + 1013904223;
        int noise = level > 0 ? (int)(seed >> 16) % (2 * level) - level : 0;
        bool loud = voice && i / 3200 % 2 == 0;
        pcm[i] = (int16_t)(loud ? 10 * noise : noise);
    }
}

static size_t count_quiet(const int16_t *pcm, size_t windows)
{
    bool quiet[1024];
    size_t count = 0;

    assert_true(windows <= 1024);
    kol_scan_quiet(pcm, windows, quiet);
    for (size_t i = 0; i < windows; i++)
        count += quiet[i];
    return count;
}

static void test_quiet(void **state)
{
    (void)state;
    enum { WINDOWS = 300, VOICE = 100 };
    static int16_t pcm[WINDOWS * KOL_VAD_WINDOW];
    static const struct {
        const char *name;
        int level;
        bool voice;
        size_t expected;
    } rows[] = {
        {"digital silence", 0, false, WINDOWS - 8},
        {"hiss", 60, false, WINDOWS - 8},
        {"loud noise may hide a voice", 2000, false, 0},
        {"voice in hiss", 60, true, 0},
        {"voice in silence", 10, true, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fill(pcm, WINDOWS, rows[i].level, rows[i].voice);
        check_int(rows[i].name, count_quiet(pcm, WINDOWS), rows[i].expected);
    }

    fill(pcm, WINDOWS, 60, false);
    fill(pcm + VOICE * KOL_VAD_WINDOW, VOICE, 60, true);
    /* the voice ends with a pause of six windows */
    check_int("hiss, voice, hiss", count_quiet(pcm, WINDOWS), WINDOWS - VOICE - 2 * 8 + 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_span_is_padded),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_long_speech_is_cut_where_it_is_weakest),
        cmocka_unit_test(test_never_too_long_never_overlapping),
        cmocka_unit_test(test_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
