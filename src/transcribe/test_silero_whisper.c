/* The speech detector's network with its real weights: the same probabilities as whisper.cpp's. */
#include "base/arena.h"
#include "base/test.h"
#include "transcribe/silero.h"
#include "transcribe/whisper_log.h"
#include <math.h>
#include <whisper.h>

#define PROMPTS "/usr/share/asterisk/sounds/en_US_f_Allison/"

enum { WINDOW = KOL_SILERO_WINDOW, BLOCK = KOL_SILERO_BLOCK, MOST = 60 * 16000, RATE = 16000 };

static struct whisper_vad_context *theirs;
static struct kol_silero *ours;
static int16_t pcm[MOST];
static float sound[BLOCK * WINDOW];
static struct kol_err err;

static const char *in_models(struct kol_arena *a, const char *rest)
{
    const char *folder = getenv("KOL_MODELS");

    if (!folder)
        fail_msg("KOL_MODELS is not set");
    return kol_arena_fmt(a, "%s/%s", folder, rest);
}

static int open_both(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    const char *path = in_models(a, "ggml-silero-vad.bin");
    struct whisper_vad_context_params params = whisper_vad_default_context_params();

    kol_whisper_route_log();
    params.n_threads = 1;
    params.use_gpu = false;
    theirs = whisper_vad_init_from_file_with_params(path, params);
    check_true("whisper.cpp", theirs != NULL);
    check_ok("ours", kol_silero_open(path, &ours, &err), &err);
    kol_silero_mirror(ours, true);
    return 0;
}

static int close_both(void **state)
{
    (void)state;
    whisper_vad_free(theirs);
    kol_silero_close(ours);
    return 0;
}

/* Compares over so many samples of pcm; returns the mean probability. */
static double compare(const char *row, size_t samples)
{
    const size_t windows = samples / WINDOW;
    float probs[BLOCK];
    double sum = 0;

    whisper_vad_reset_state(theirs);
    kol_silero_reset(ours);
    for (size_t at = 0; at < windows; at += BLOCK) {
        const size_t n = windows - at < BLOCK ? windows - at : BLOCK;
        for (size_t i = 0; i < n * WINDOW; i++)
            sound[i] = (float)pcm[at * WINDOW + i] / 32768;
        check_true(row, whisper_vad_detect_speech_no_reset(theirs, sound, (int)(n * WINDOW)));
        kol_silero_run(ours, pcm + at * WINDOW, n, probs);
        for (size_t i = 0; i < n; i++) {
            const float expected = whisper_vad_probs(theirs)[i];
            if (!(fabsf(probs[i] - expected) < 1e-3F))
                fail_msg("[%s] window %zu: %f, expected %f", row, at + i, probs[i], expected);
            sum += probs[i];
        }
    }
    check_true("something to compare", windows > 20);
    return sum / (double)windows;
}

/* 16 bit mono wav files at 8 kHz are stretched to 16; returns samples of pcm. */
static size_t read_wav(const char *path, bool slow)
{
    static uint8_t file[MOST];
    FILE *f = fopen(path, "rb");

    if (!f)
        fail_msg("%s: cannot be read (is the package of telephone prompts installed?)", path);
    const size_t size = fread(file, 1, sizeof(file), f);
    fclose(f);
    const uint8_t *data = memmem(file, size, "data", 4);
    assert_non_null(data);
    const size_t count = (size - (size_t)(data + 8 - file)) / 2;
    int16_t last = 0, now;
    for (size_t i = 0; i < count; i++, last = now) {
        memcpy(&now, data + 8 + 2 * i, 2);
        pcm[slow ? 2 * i : i] = slow ? (int16_t)((last + now) / 2) : now;
        if (slow)
            pcm[2 * i + 1] = now;
    }
    return slow ? 2 * count : count;
}

static void speech(void **state)
{
    static const char *const prompts[] = {"vm-goodbye", "demo-congrats", "tt-monkeysintro"};

    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    check_true("speech", compare("jfk", read_wav(in_models(a, "../src/whisper.cpp/samples/jfk.wav"),
                                                 false)) > 0.5);
    for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++) {
        const char *path = kol_arena_fmt(a, PROMPTS "%s.wav", prompts[i]);
        check_true(prompts[i], compare(prompts[i], read_wav(path, true)) > 0.3);
    }
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* Half a minute of broken chords with overtones. */
static void make_music(void)
{
    static const double root_hz[] = {196.0, 220.0, 174.6, 261.6};
    static const double steps[] = {1, 1.25, 1.5, 2, 1.5, 1.25};

    for (size_t i = 0; i < 30 * RATE; i++) {
        const size_t note = i / (RATE / 4), in_note = i % (RATE / 4);
        const double hz = root_hz[note / 6 % 4] * steps[note % 6], t = (double)in_note / RATE;
        double sum = 0;
        for (int k = 1; k <= 3; k++)
            sum += sin(2 * M_PI * hz * k * t) / k;
        pcm[i] = (int16_t)(5000 * exp(-5 * t) * sum);
    }
}

static size_t count_likely(size_t samples)
{
    float probs[BLOCK];
    size_t count = 0;

    kol_silero_reset(ours);
    for (size_t at = 0; at < samples / WINDOW; at += BLOCK) {
        const size_t left = samples / WINDOW - at, n = left < BLOCK ? left : BLOCK;
        kol_silero_run(ours, pcm + at * WINDOW, n, probs);
        for (size_t i = 0; i < n; i++)
            count += probs[i] >= 0.5F;
    }
    return count;
}

static void no_speech(void **state)
{
    unsigned seed = 1;

    (void)state;
    memset(pcm, 0, sizeof(pcm));
    check_true("silence", compare("silence", 10 * RATE) < 0.2);
    for (int level = 4; level < 20000; level *= 8) {
        for (size_t i = 0; i < 10 * RATE; i++)
            pcm[i] = (int16_t)((int)(next_random(&seed) % (2 * level)) - level);
        compare("noise", 10 * RATE);
    }
    make_music();
    compare("music", 30 * RATE);
    for (size_t i = 0; i < 20 * RATE; i++)
        pcm[i] =
            (int16_t)(i % (4 * RATE) < RATE ? 6000 * sin(2 * M_PI * 425 * (double)i / RATE) : 0);
    compare("ringing", 20 * RATE);
}

/* With the samples before a window, as the network was trained, music is hardly ever speech. */
static void hears_music_as_it_was_trained(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);

    kol_silero_mirror(ours, true);
    make_music();
    const size_t mistaken = count_likely(30 * RATE);
    kol_silero_mirror(ours, false);
    check_true("fewer than by whisper.cpp", 2 * count_likely(30 * RATE) <= mistaken);
    const size_t samples = read_wav(in_models(a, "../src/whisper.cpp/samples/jfk.wav"), false);
    check_true("speech is speech", count_likely(samples) > samples / WINDOW / 2);
    kol_silero_mirror(ours, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech),
        cmocka_unit_test(no_speech),
        cmocka_unit_test(hears_music_as_it_was_trained),
    };

    return cmocka_run_group_tests(tests, open_both, close_both);
}
