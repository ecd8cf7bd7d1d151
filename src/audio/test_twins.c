/* test_twins.c - channels that are one, and calls that must stay two. */
#include "audio/twins.h"

#include "base/cleanup.h"
#include "base/test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 16000, SECONDS = 12, N = SECONDS * RATE };

static int16_t agent[N], customer[N], mix[N], left[N], right[N];

static uint32_t seed = 1;

static double noise(void)
{
    seed = seed * 1664525 + 1013904223;
    return (double)(seed >> 8) / (1 << 23) - 1;
}

/* Something like a voice: a buzz whose pitch and vowels move, with pauses. */
static void voice(int16_t *pcm, double hz, double from_s, double to_s, double level)
{
    double phase = 0, low = 0;

    for (int i = (int)(from_s * RATE); i < (int)(to_s * RATE) && i < N; i++) {
        const double t = (double)i / RATE, syllable = sin(t * 2 * M_PI * 3.1) > -0.3;

        phase += 2 * M_PI * hz * (1 + 0.1 * sin(t * 5) + 0.02 * noise()) / RATE;
        low += (fmod(phase, 2 * M_PI) - M_PI + noise() * 0.3 - low) * (0.2 + 0.15 * sin(t * 7));
        pcm[i] = (int16_t)(level * syllable * low);
    }
}

static void compose(void)
{
    memset(agent, 0, sizeof(agent));
    memset(customer, 0, sizeof(customer));
    voice(agent, 110, 0.5, 4, 4000);
    voice(customer, 190, 4.5, 7.5, 4000);
    voice(agent, 110, 7.4, 9, 4000);
    voice(customer, 190, 9.3, 11.5, 4000);
    for (int i = 0; i < N; i++)
        mix[i] = (int16_t)(agent[i] + customer[i]);
}

/* b = gain * what a was lag samples ago, with noise of its own */
static void copy(int16_t *to, const int16_t *from, double gain, int lag, double noise_level)
{
    for (int i = 0; i < N; i++)
        to[i] = (int16_t)lrint((i >= lag && i - lag < N ? gain * from[i - lag] : 0) +
                               noise_level * noise());
}

/* Through mu-law, as every telephone network does. */
static void telephone(int16_t *pcm)
{
    for (int i = 0; i < N; i++) {
        const double x = fabs(pcm[i] / 32768.0), y = log(1 + 255 * x) / log(256);
        const double back = (pow(256, rint(y * 127) / 127) - 1) / 255;

        pcm[i] = (int16_t)(copysign(back, pcm[i]) * 32767);
    }
}

static struct kol_twins judged(const int16_t *a, const int16_t *b, size_t step)
{
    struct kol_twins t = {0};

    for (size_t at = 0; at < N; at += step)
        kol_twins_feed(&t, a + at, b + at, step < N - at ? step : N - at);
    return t;
}

static bool identical(const int16_t *a, const int16_t *b)
{
    const struct kol_twins t = judged(a, b, 16384);
    const struct kol_twins again = judged(a, b, 777);

    assert_int_equal(kol_twins_identical(&t), kol_twins_identical(&again));
    return kol_twins_identical(&t);
}

static void finds_fake_stereo(void **state)
{
    static const struct {
        const char *what;
        double gain;
        int lag;
        double noise;
        bool telephone;
    } rows[] = {
        {"the same", 1, 0, 0, false},
        {"inverted and softer", -0.5, 0, 0, false},
        {"with coding noise", 1, 0, 30, false},
        {"3 ms later", 1, 48, 0, false},
        {"20 ms later, softer", 0.5, 320, 0, true},
        {"much softer", 0.1, 0, 0, false},
        {"much softer and later, both through mu-law", 0.1, 100, 0, true},
        {"louder, a little later", 2, 7, 0, false},
    };

    (void)state;
    compose();
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        copy(left, mix, 1, 0, 0);
        copy(right, mix, rows[i].gain, rows[i].lag, rows[i].noise);
        if (rows[i].telephone) {
            telephone(left);
            telephone(right);
        }
        check_true(rows[i].what, identical(left, right));
        check_true(rows[i].what, identical(right, left));
    }
}

static void tells_delay_and_level(void **state)
{
    (void)state;
    compose();
    copy(right, mix, -0.5, 48, 0);
    const struct kol_twins t = judged(mix, right, 5000);
    check_int("delay", lround(kol_twins_delay_ms(&t)), 3);
    check_int("level", lround(kol_twins_level_db(&t)), -6);
    check_int("alike", lround(1000 * kol_twins_correlation(&t)), 1000);
}

/* A tone fits at many delays; the speech after it decides. */
static void tones_come_first(void **state)
{
    (void)state;
    memset(mix, 0, sizeof(mix));
    for (int i = 0; i < 3 * RATE; i++)
        mix[i] = (int16_t)(4000 * sin(i * 0.1571));
    voice(mix, 150, 4, 11, 4000);
    copy(right, mix, 0.7, 200, 8);
    check_true("a tone, then speech", identical(mix, right));
}

/* Each has a channel; what is heard of the other comes through a line that colours it. */
static void leak(int16_t *into, const int16_t *from, double gain, int lag, bool coloured)
{
    double low = 0;

    for (int i = 0; i < N - lag; i++) {
        low += (from[i] - low) * (coloured ? 0.35 : 1);
        into[i + lag] = (int16_t)(into[i + lag] + gain * low);
    }
}

static void keeps_real_calls_apart(void **state)
{
    static const struct {
        const char *what;
        double gain;
        int lag;
        bool coloured;
    } rows[] = {
        {"no cross-talk", 0, 0, false},          {"cross-talk of -20 dB", 0.1, 0, false},
        {"cross-talk of -6 dB", 0.5, 0, false},  {"cross-talk of -1 dB", 0.9, 0, false},
        {"echo after 2 ms", 0.3, 32, true},      {"echo after 15 ms", 0.5, 240, true},
        {"loud echo after 5 ms", 0.8, 80, true},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        compose();
        copy(left, customer, 1, 0, 8);
        copy(right, agent, 1, 0, 8);
        leak(right, customer, rows[i].gain, rows[i].lag, rows[i].coloured);
        leak(left, agent, rows[i].gain, rows[i].lag, rows[i].coloured);
        check_true(rows[i].what, !identical(left, right));
        leak(left, agent, 0, 0, false);
        telephone(left);
        telephone(right);
        check_true(rows[i].what, !identical(left, right));
    }
}

#define PROMPTS "/usr/share/asterisk/sounds/en_US_f_Allison/"

/* A prompt of 8 kHz from second `from_s` on, every other sample made from its neighbours. */
static void say(int16_t *to, const char *name, double from_s)
{
    static int16_t pcm[N / 2];
    char path[256];

    snprintf(path, sizeof(path), PROMPTS "%s.wav", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is missing: asterisk-core-sounds-en-wav", path);
    assert_int_equal(fseek(file, 44, SEEK_SET), 0);
    const size_t count = fread(pcm, 2, KOL_COUNT(pcm), file);
    fclose(file);
    for (size_t i = 0, at = (size_t)(from_s * RATE); i + 1 < count && at + 2 * i + 1 < N; i++) {
        to[at + 2 * i] = pcm[i];
        to[at + 2 * i + 1] = (int16_t)((pcm[i] + pcm[i + 1]) / 2);
    }
}

/* Both sides are telephone voices, taking turns. */
static void compose_real(void)
{
    memset(agent, 0, sizeof(agent));
    memset(customer, 0, sizeof(customer));
    say(agent, "priv-introsaved", 0.3);
    say(customer, "vm-rec-name", 4.2);
    say(agent, "privacy-prompt", 7.5);
    for (int i = 0; i < N; i++)
        mix[i] = (int16_t)((agent[i] + customer[i]) / 2);
}

static void real_voices(void **state)
{
    static const double gains[] = {0.05, 0.2, 0.5, 0.9};

    (void)state;
    compose_real();
    copy(right, mix, 0.15, 60, 4);
    telephone(right);
    check_true("a mix and its softer copy", identical(mix, right));
    check_true("two speakers", !identical(customer, agent));
    for (size_t i = 0; i < KOL_COUNT(gains); i++)
        for (int coloured = 0; coloured < 2; coloured++) {
            copy(left, customer, 1, 0, 8);
            copy(right, agent, 1, 0, 8);
            leak(right, customer, gains[i], 40, coloured);
            leak(left, agent, gains[i], 0, coloured);
            check_true("with what leaks over", !identical(left, right));
        }
}

/* One word is enough: all else is the customer's voice, leaking over as cleanly as can be. */
static void one_word_is_a_channel(void **state)
{
    (void)state;
    compose();
    memset(left, 0, sizeof(left));
    voice(left, 170, 0.5, 9, 5000);
    copy(right, left, 0.1, 0, 0);
    check_true("one speaks, and is copied", identical(left, right));
    memset(customer, 0, sizeof(customer));
    voice(customer, 110, 10, 10.6, 2000);
    for (int i = 0; i < N; i++) {
        right[i] = (int16_t)(right[i] + customer[i]);
        left[i] = (int16_t)(left[i] + 0.1 * customer[i]);
    }
    check_true("the other says yes", !identical(left, right));
}

static void silence_is_no_copy(void **state)
{
    static int16_t zeros[N];

    (void)state;
    compose();
    check_true("one is silent", !identical(mix, zeros));
    check_true("the other is silent", !identical(zeros, mix));
    check_true("both are silent", !identical(zeros, zeros));
    copy(left, zeros, 0, 0, 12);
    copy(right, left, 1, 0, 0);
    check_true("the same noise of a line, no speech", !identical(left, right));
    copy(right, zeros, 0, 0, 12);
    check_true("noise of two lines", !identical(left, right));
    check_true("speech and noise", !identical(mix, right));
}

static void survives_extremes(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++)
        left[i] = i / 40 % 2 ? 32767 : -32768;
    check_true("full scale", identical(left, left));
    for (int i = 0; i < N; i++)
        right[i] = (int16_t)(left[i] < 0 ? 32767 : -32768);
    check_true("full scale, inverted", identical(left, right));
    for (int i = 0; i < N; i++)
        right[i] = (int16_t)(32767 * noise());
    check_true("noise", !identical(left, right));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_fake_stereo),     cmocka_unit_test(tells_delay_and_level),
        cmocka_unit_test(tones_come_first),      cmocka_unit_test(keeps_real_calls_apart),
        cmocka_unit_test(one_word_is_a_channel), cmocka_unit_test(silence_is_no_copy),
        cmocka_unit_test(survives_extremes),     cmocka_unit_test(real_voices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
