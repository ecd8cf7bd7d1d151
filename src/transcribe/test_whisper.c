/*
 * The whole road with the real model and the real decoder. Release builds only: the model is slow
 * under sanitizers, and the decoder's jail does not let them work.
 */
#include "base/clock.h"
#include "base/test.h"
#include "transcribe/batch.h"
#include "transcribe/engine.h"
#include "transcribe/filters.h"
#include "transcribe/transcribe.h"
#include <math.h>
#include <stdatomic.h>

#define PROMPTS "/usr/share/asterisk/sounds/"

enum { RATE = 16000, WORDS_MAX = 600 };

static struct kol_transcriber *transcriber;
static struct kol_err err;

static const char *path_in(struct kol_arena *a, const char *variable, const char *rest)
{
    const char *folder = getenv(variable);

    if (!folder)
        fail_msg("%s is not set", variable);
    return kol_arena_fmt(a, "%s%s", folder, rest);
}

static int open_all(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    const struct kol_transcriber_conf conf = {
        .model_path = path_in(a, "KOL_MODELS", "/ggml-base.bin"),
        .vad_path = path_in(a, "KOL_MODELS", "/ggml-silero-vad.bin"),
        .decode_program = path_in(a, "KOL_DECODE", ""),
    };
    check_ok("open", kol_transcriber_open(&conf, &transcriber, &err), &err);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    kol_transcriber_close(transcriber);
    return 0;
}

static const char *jfk(struct kol_arena *a)
{
    return path_in(a, "KOL_MODELS", "/../src/whisper.cpp/samples/jfk.wav");
}

static struct kol_transcript of_file(struct kol_arena *a, const char *path, const char *language)
{
    const struct kol_transcribe_options options = {.language = language};
    struct kol_transcript t;

    check_ok(path, kol_transcribe_file(transcriber, a, path, &options, &t, &err), &err);
    return t;
}

static struct kol_transcript of_pcm(struct kol_arena *a, const int16_t *one, const int16_t *two,
                                    size_t samples)
{
    const struct kol_transcribe_options options = {.language = "en"};
    const int16_t *pcm[] = {one, two};
    struct kol_transcript t;

    check_ok("pcm",
             kol_transcribe_pcm(transcriber, a, pcm, two ? 2 : 1, samples, &options, &t, &err),
             &err);
    return t;
}

static void check_empty(const char *row, const struct kol_transcript *t)
{
    check_str(row, t->text, "");
    check_int(row, t->kept_count, 0);
}

/* 16 bit mono PCM of a plain wav file; in the arena. */
static int16_t *read_wav(struct kol_arena *a, const char *path, size_t *ret_samples)
{
    static uint8_t file[4 << 20];
    FILE *f = fopen(path, "rb");

    if (!f)
        fail_msg("%s: cannot be read (is the package of telephone prompts installed?)", path);
    size_t size = fread(file, 1, sizeof(file), f);
    fclose(f);
    const uint8_t *data = memmem(file, size, "data", 4);
    assert_non_null(data);
    size_t bytes = size - (size_t)(data + 8 - file);
    int16_t *pcm = kol_arena_array(a, bytes / 2 + 1, sizeof(*pcm));
    memcpy(pcm, data + 8, bytes / 2 * 2);
    *ret_samples = bytes / 2;
    return pcm;
}

/* ---- Speech ---- */

static void test_jfk(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_transcript t = of_file(a, jfk(a), "auto");

    check_has("text", t.text, "what your country can do for you");
    check_str("language", t.language, "en");
    check_int("channels", t.channels, 1);
    check_int("duration", t.duration_ms, 11000);
    int64_t last = 0;
    for (size_t i = 0; i < t.segment_count; i++) {
        const struct kol_segment *s = &t.segments[i];
        assert_true(s->start_ms >= last && s->end_ms > s->start_ms && s->end_ms <= 11000);
        assert_true(s->word_count > 0 && s->words[0].start_ms == s->start_ms);
        last = s->start_ms;
    }
}

static void test_speech_then_silence(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    int16_t *silence = kol_arena_array(a, 20 * RATE, sizeof(*silence));

    for (int round = 0; round < 2; round++) {
        struct kol_transcript spoken = of_file(a, jfk(a), "en");
        check_has("speech", spoken.text, "country");
        struct kol_transcript t = of_pcm(a, silence, NULL, 20 * RATE);
        check_empty("silence after speech", &t);
        check_int("speech", t.speech_ms, 0);
    }
}

static void test_two_channels(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    size_t samples;
    int16_t *one = read_wav(a, jfk(a), &samples);
    int16_t *left = kol_arena_array(a, samples + 12 * RATE, sizeof(*left));
    int16_t *right = kol_arena_array(a, samples + 12 * RATE, sizeof(*right));

    memcpy(left, one, samples * sizeof(*one));
    memcpy(right + 12 * RATE, one, samples * sizeof(*one));
    struct kol_transcript t = of_pcm(a, left, right, samples + 12 * RATE);
    check_int("channels", t.channels, 2);
    check_true("agent first", kol_starts_with(t.text, "Agent: "));
    check_has("customer", t.text, "\nCustomer: And so");
    for (size_t i = 0; i < t.segment_count; i++) {
        bool early = t.segments[i].start_ms < 11500;
        check_int("who", t.segments[i].role, early ? KOL_ROLE_AGENT : KOL_ROLE_CUSTOMER);
    }
}

static void test_identical_channels_are_one(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    size_t samples;
    int16_t *one = read_wav(a, jfk(a), &samples);
    struct kol_transcript t = of_pcm(a, one, one, samples);

    check_int("channels", t.channels, 1);
    check_true("no labels", kol_starts_with(t.text, "And so"));
}

/* ---- What is not speech ---- */

static void test_sounds_that_are_no_speech(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    const size_t samples = 20 * RATE;
    int16_t *pcm = kol_arena_array(a, samples, sizeof(*pcm));
    uint32_t random = 1;

    for (size_t i = 0; i < samples; i++) { /* ringing: 1 s on, 3 s off */
        bool on = i / RATE % 4 == 0;
        pcm[i] = on ? (int16_t)(4000 * (sin((double)i * 0.1571) + sin((double)i * 0.1669))) : 0;
    }
    struct kol_transcript ringing = of_pcm(a, pcm, NULL, samples);
    check_empty("ringing", &ringing);
    for (size_t i = 0; i < samples; i++) {
        random = random * 1664525 + 1013904223;
        pcm[i] = (int16_t)((int)(random >> 22) - 512);
    }
    struct kol_transcript noise = of_pcm(a, pcm, NULL, samples);
    check_empty("noise", &noise);
    for (size_t i = 0; i < samples; i++) { /* a slow tune */
        static const double hz[] = {196, 247, 294, 392, 294, 247};
        double fade = 1 - (double)(i % (RATE / 2)) / (RATE / 2);
        pcm[i] = (int16_t)(6000 * fade * sin((double)i * 6.2832 * hz[i / (RATE / 2) % 6] / RATE));
    }
    struct kol_transcript music = of_pcm(a, pcm, NULL, samples);
    check_empty("music", &music);
    struct kol_transcript nothing = of_pcm(a, pcm, NULL, 0);
    check_empty("no samples at all", &nothing);
}

/* ---- Telephone voice ---- */

struct text {
    char buf[16384];
    const char *words[WORDS_MAX];
    size_t count;
};

/* "press 1" and "press one" are the same. */
static void split_words(const char *source, struct text *t)
{
    static const char *const digits[] = {"zero", "one", "two",   "three", "four",
                                         "five", "six", "seven", "eight", "nine"};
    char *save = NULL;

    t->count = 0;
    kol_filter_normalise(source, t->buf, sizeof(t->buf));
    for (char *w = strtok_r(t->buf, " ", &save); w && t->count < WORDS_MAX;
         w = strtok_r(NULL, " ", &save))
        t->words[t->count++] = w[0] >= '0' && w[0] <= '9' && !w[1] ? digits[w[0] - '0'] : w;
}

static size_t word_errors(const struct text *wanted, const struct text *heard)
{
    static size_t row[WORDS_MAX + 1];

    for (size_t j = 0; j <= heard->count; j++)
        row[j] = j;
    for (size_t i = 1; i <= wanted->count; i++) {
        size_t before = row[0];
        row[0] = i;
        for (size_t j = 1; j <= heard->count; j++) {
            size_t best = before + !kol_streq(wanted->words[i - 1], heard->words[j - 1]);
            before = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[heard->count];
}

static void write_wav(const char *path, const int16_t *pcm, size_t samples)
{
    uint32_t head[11] = {0x46464952,
                         (uint32_t)(36 + 2 * samples),
                         0x45564157,
                         0x20746d66,
                         16,
                         0x00010001,
                         8000,
                         16000,
                         0x00100002,
                         0x61746164,
                         (uint32_t)(2 * samples)};
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(head, 4, 11, f), 11);
    assert_int_equal(fwrite(pcm, 2, samples, f), samples);
    fclose(f);
}

/* Every fourth prompt one after the other, as one recording of 8 kHz. Returns what is said. */
static const char *write_prompts(struct kol_arena *a, const char *path)
{
    char line[2048], *said = kol_arena_alloc(a, 16384);
    int16_t *pcm = kol_arena_array(a, 8000 * 600, sizeof(*pcm));
    size_t used = 0;
    FILE *list = fopen(KOL_TEST_DATA "/prompts.tsv", "r");

    assert_non_null(list);
    *said = '\0';
    for (int i = 0; fgets(line, sizeof(line), list); i++) {
        char *tab = strchr(line, '\t');
        if (i % 4 != 0 || !tab || strlen(tab) > 400)
            continue;
        *tab = '\0';
        size_t samples;
        int16_t *prompt = read_wav(a, kol_arena_fmt(a, PROMPTS "%s", line), &samples);
        memcpy(pcm + used, prompt, samples * sizeof(*pcm));
        used += samples + 8000;
        snprintf(said + strlen(said), 16384 - strlen(said), "%s ", tab + 1);
    }
    fclose(list);
    write_wav(path, pcm, used);
    return said;
}

static size_t count_errors(const char *row, const char *wanted_text, const char *heard_text)
{
    static struct text wanted, heard;

    split_words(wanted_text, &wanted);
    split_words(heard_text, &heard);
    size_t errors = word_errors(&wanted, &heard);
    print_message("%s: %zu errors in %zu words (%.1f %%)\n", row, errors, wanted.count,
                  100.0 * (double)errors / (double)wanted.count);
    assert_true(wanted.count > 150);
    return errors * 1000 / wanted.count;
}

/* Both engines, each with the same words on the whole as the other: they have the same weights. */
static void test_telephone_prompts(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    char folder[256];
    struct kol_transcriber *best = transcriber, *reference;
    struct kol_transcriber_conf conf = {
        .engine = "whisper",
        .model_path = path_in(a, "KOL_MODELS", "/ggml-base.bin"),
        .vad_path = path_in(a, "KOL_MODELS", "/ggml-silero-vad.bin"),
        .decode_program = path_in(a, "KOL_DECODE", ""),
    };

    test_folder(folder);
    const char *path = kol_arena_fmt(a, "%s/prompts.wav", folder);
    const char *said = write_prompts(a, path);
    check_ok("open", kol_transcriber_open(&conf, &reference, &err), &err);
    struct kol_transcript t = of_file(a, path, "en");
    const struct kol_transcribe_options beams = {.language = "en", .beam = 4};
    struct kol_transcript searched, other;
    check_ok("beams", kol_transcribe_file(best, a, path, &beams, &searched, &err), &err);
    transcriber = reference;
    other = of_file(a, path, "en");
    transcriber = best;
    kol_transcriber_close(reference);
    unlink(path);
    rmdir(folder);

    check_str("engine", t.engine, kol_engine_native_is_there() ? "native" : "whisper");
    check_str("engine", other.engine, "whisper");
    check_true("telephone prompts", count_errors(t.engine, said, t.text) <= 150);
    check_true("with beams", count_errors("with beams", said, searched.text) <= 150);
    check_true("whisper.cpp", count_errors(other.engine, said, other.text) <= 150);
    check_true("both hear the same", count_errors("one by the other", other.text, t.text) <= 30);
}

/* ---- Stopping ---- */

static int64_t stop_at_ms;

static bool stop_now(void *user)
{
    (void)user;
    return kol_boot_ms() >= stop_at_ms;
}

static void test_stop_and_deadline(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_transcribe_options options = {.language = "en", .beam = 5, .stop = stop_now};
    struct kol_transcript t;
    size_t samples;
    const int16_t *once = read_wav(a, jfk(a), &samples);
    const size_t times = 12; /* so that no machine is done before it is stopped */
    int16_t *pcm = kol_arena_array(a, times * samples, sizeof(*pcm));

    for (size_t i = 0; i < times; i++)
        memcpy(pcm + i * samples, once, samples * sizeof(*pcm));
    const int16_t *const channels[] = {pcm};
    for (int delay_ms = 0; delay_ms <= 600; delay_ms += 200) {
        stop_at_ms = kol_boot_ms() + delay_ms;
        check_code(
            "stop",
            kol_transcribe_pcm(transcriber, a, channels, 1, times * samples, &options, &t, &err),
            KOL_CANCELLED, &err);
        int64_t late = kol_boot_ms() - stop_at_ms;
        check_true("stopped within 2 s", late < 2000);
    }
    options = (struct kol_transcribe_options){.language = "en", .deadline_ms = 200};
    check_code("deadline",
               kol_transcribe_pcm(transcriber, a, channels, 1, times * samples, &options, &t, &err),
               KOL_OVERDUE, &err);
    struct kol_transcript after = of_file(a, jfk(a), "en");
    check_has("works on", after.text, "country");
}

static int64_t last_done_ms, last_total_ms;

static void note_progress(int64_t done_ms, int64_t total_ms, void *user)
{
    (void)user;
    assert_true(done_ms >= last_done_ms && done_ms <= total_ms);
    last_done_ms = done_ms;
    last_total_ms = total_ms;
}

static void test_progress_grows_to_the_end(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    const struct kol_transcribe_options options = {.language = "en", .progress = note_progress};
    struct kol_transcript t;

    check_ok("run", kol_transcribe_file(transcriber, a, jfk(a), &options, &t, &err), &err);
    check_int("done", last_done_ms, last_total_ms);
    check_int("total", last_total_ms, 11000);
}

/* ---- Failures ---- */

static void test_bad_files(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    const struct kol_transcribe_options english = {.language = "en"}, odd = {.language = "xx"};
    struct kol_transcript t;

    check_code("absent", kol_transcribe_file(transcriber, a, "/nowhere.wav", &english, &t, &err),
               KOL_NOT_FOUND, &err);
    check_code(
        "no sound",
        kol_transcribe_file(transcriber, a, KOL_TEST_DATA "/prompts.tsv", &english, &t, &err),
        KOL_BAD_MEDIA, &err);
    check_code("language", kol_transcribe_file(transcriber, a, jfk(a), &odd, &t, &err),
               KOL_BAD_INPUT, &err);
}

static void test_bad_models(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_transcriber *t = NULL;
    struct kol_transcriber_conf conf = {
        .model_path = "/nowhere.bin", .vad_path = path_in(a, "KOL_MODELS", "/ggml-silero-vad.bin")};

    check_code("absent", kol_transcriber_open(&conf, &t, &err), KOL_NO_MODEL, &err);
    conf.model_path = jfk(a);
    check_code("not a model", kol_transcriber_open(&conf, &t, &err), KOL_NO_MODEL, &err);
    conf.vad_path = jfk(a);
    check_code("not a detector", kol_transcriber_open(&conf, &t, &err), KOL_NO_MODEL, &err);
    conf.engine = "abacus";
    conf.vad_path = path_in(a, "KOL_MODELS", "/ggml-silero-vad.bin");
    check_code("engine", kol_transcriber_open(&conf, &t, &err), KOL_BAD_CONFIG, &err);
    assert_null(t);
}

static void test_selftest(void **state)
{
    (void)state;
    check_ok("selftest", kol_transcriber_selftest(transcriber, &err), &err);
}

static void count_done(size_t index, const struct kol_transcript *t, const struct kol_err *why,
                       void *user)
{
    (void)why;
    ((int *)user)[index] += t ? 1 : 100;
}

static void test_batch(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    const char *const paths[] = {jfk(a), "/nowhere.wav", jfk(a), jfk(a)};
    const struct kol_transcribe_options options = {.language = "en"};
    int seen[4] = {0};
    const struct kol_batch batch = {
        .paths = paths, .count = 4, .options = &options, .done = count_done, .user = seen};

    check_int("failed", kol_transcribe_batch(transcriber, &batch), 1);
    check_int("first", seen[0], 1);
    check_int("absent", seen[1], 100);
    check_int("last", seen[3], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selftest),
        cmocka_unit_test(test_jfk),
        cmocka_unit_test(test_speech_then_silence),
        cmocka_unit_test(test_two_channels),
        cmocka_unit_test(test_identical_channels_are_one),
        cmocka_unit_test(test_sounds_that_are_no_speech),
        cmocka_unit_test(test_telephone_prompts),
        cmocka_unit_test(test_stop_and_deadline),
        cmocka_unit_test(test_progress_grows_to_the_end),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_bad_models),
        cmocka_unit_test(test_batch),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
