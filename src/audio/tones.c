/*
 * tones.c - see tones.h. Goertzel filters under a Hann window.
 */
#include "audio/tones.h"
#include "audio/levels.h"
#include <math.h>
#include <pthread.h>
#include <stdbool.h>

enum {
    RATE_HZ = 16000,
    BIN_HZ = RATE_HZ / KOL_TONES_FRAMES,
    FIRST_HZ = 280,
    BINS = 20,   /* 280 ... 660 Hz: every call progress tone with its neighbours */
    DTMF = BINS, /* then the eight DTMF frequencies */
    GROUP = 4,
    FILTERS = BINS + 2 * GROUP + 4 /* filled up to a multiple of the vector width */
};

static const double silence_db = -60;  /* below the noise of a line; exact zeros are usual */
static const double tone_share = 0.88; /* of the energy, in one or two peaks */
static const double dtmf_share = 0.75; /* the same, at exact frequencies */
static const double dtmf_twist = 6.3;  /* largest power ratio of the two groups, 8 dB */

static float window[KOL_TONES_FRAMES];
static float coefficient[FILTERS];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void fill_tables(void)
{
    static const double dtmf_hz[] = {697, 770, 852, 941, 1209, 1336, 1477, 1633};
    const double turn = 2 * M_PI;

    for (int i = 0; i < KOL_TONES_FRAMES; i++)
        window[i] = (float)(0.5 - 0.5 * cos(turn * i / KOL_TONES_FRAMES));
    for (int b = 0; b < BINS; b++)
        coefficient[b] = (float)(2 * cos(turn * (FIRST_HZ + b * BIN_HZ) / RATE_HZ));
    for (int d = 0; d < 2 * GROUP; d++)
        coefficient[DTMF + d] = (float)(2 * cos(turn * dtmf_hz[d] / RATE_HZ));
}

/* All filters side by side: one filter alone would wait for its own last step. Returns the energy.
 */
static double run_filters(const int16_t *pcm, float power[static FILTERS])
{
    float s1[FILTERS] = {0}, s2[FILTERS] = {0};
    double energy = 0;

    for (int i = 0; i < KOL_TONES_FRAMES; i++) {
        float x = window[i] * pcm[i];
        energy += (double)x * x;
        for (int f = 0; f < FILTERS; f++) {
            float s = x + coefficient[f] * s1[f] - s2[f];
            s2[f] = s1[f];
            s1[f] = s;
        }
    }
    for (int f = 0; f < FILTERS; f++)
        power[f] = s1[f] * s1[f] + s2[f] * s2[f] - coefficient[f] * s1[f] * s2[f];
    return energy;
}

static int loudest(const float *power, int from, int to, int but)
{
    int best = -1;

    for (int i = from; i < to; i++) {
        if ((but < 0 || i < but - 1 || i > but + 1) && (best < 0 || power[i] > power[best]))
            best = i;
    }
    return best;
}

/* 350 ... 480 Hz and the 620 of a busy tone, with the tolerance of real exchanges. */
static bool is_progress_hz(int hz)
{
    return (hz >= 340 && hz <= 500) || (hz >= 600 && hz <= 640);
}

/*
 * Whether the energy lies in at most two peaks where tones lie. Parseval: a sinusoid has half its
 * energy (the other half is at negative frequencies) within two bins of its peak under this window.
 */
static bool is_tone(const float *power, double energy, int *ret_hz)
{
    int first = loudest(power, 0, BINS, -1);
    int second = loudest(power, 0, BINS, first);
    double sum = 0, moment = 0;

    if (!is_progress_hz(FIRST_HZ + first * BIN_HZ))
        return false;
    if (power[second] > power[first] / 5 && !is_progress_hz(FIRST_HZ + second * BIN_HZ))
        return false;
    for (int b = 0; b < BINS; b++) {
        if ((b < first - 2 || b > first + 2) && (b < second - 2 || b > second + 2))
            continue;
        sum += power[b];
        moment += (double)power[b] * (FIRST_HZ + b * BIN_HZ);
    }
    if (sum < tone_share * energy * KOL_TONES_FRAMES / 2)
        return false;
    *ret_hz = (int)lround(moment / sum);
    return true;
}

/* At its own frequency a sinusoid has a third of its energy times frames under this window. */
static bool is_dtmf(const float *power, double energy)
{
    double low = power[loudest(power, DTMF, DTMF + GROUP, -1)];
    double high = power[loudest(power, DTMF + GROUP, DTMF + 2 * GROUP, -1)];

    return 3 * (low + high) >= dtmf_share * energy * KOL_TONES_FRAMES && low <= dtmf_twist * high &&
           high <= dtmf_twist * low;
}

struct kol_sounding kol_tones_hear(const int16_t pcm[static KOL_TONES_FRAMES])
{
    struct kol_levels levels = {0};
    float power[FILTERS];
    int hz = 0;

    kol_levels_feed(&levels, pcm, KOL_TONES_FRAMES);
    double db = kol_levels_rms_db(&levels);
    struct kol_sounding s = {.sound = KOL_SOUND_SILENCE, .level_db = (int)lround(db)};
    if (db < silence_db)
        return s;

    pthread_once(&tables_once, fill_tables);
    double energy = run_filters(pcm, power);
    s.sound = is_tone(power, energy, &hz) ? KOL_SOUND_TONE
              : is_dtmf(power, energy)    ? KOL_SOUND_DTMF
                                          : KOL_SOUND_OTHER;
    s.hz = hz;
    return s;
}
