/*
 * levels.h - how loud a channel is, and whether two channels are one.
 *
 * Used by: transcribe. Knows: s16 samples. Threading: values only.
 */
#ifndef KOL_AUDIO_LEVELS_H
#define KOL_AUDIO_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KOL_SILENT_DB (-120.0) /* what digital silence counts as */

struct kol_levels { /* all zero to begin with */
    double squares;
    uint64_t frames, clipped;
    int peak; /* 0 ... 32768 */
};

void kol_levels_feed(struct kol_levels *l, const int16_t *pcm, size_t frames);
double kol_levels_rms_db(const struct kol_levels *l); /* dB below full scale: 0 ... -120 */
double kol_levels_peak_db(const struct kol_levels *l);

/* Sums over two channels of the same recording. */
struct kol_twins { /* all zero to begin with */
    double aa, bb, ab;
};

void kol_twins_feed(struct kol_twins *t, const int16_t *a, const int16_t *b, size_t frames);

/*
 * True for "fake stereo": one signal on both channels, perhaps inverted or with another gain (up to
 * 12 dB), apart from coding noise. Two speakers with an echo of each other, or a channel that is
 * silent, are false.
 */
bool kol_channels_identical(const struct kol_twins *t);

/* 1: the same shape, 0: nothing in common, -1: inverted; 0 when a channel is silent. */
double kol_twins_correlation(const struct kol_twins *t);

#endif
