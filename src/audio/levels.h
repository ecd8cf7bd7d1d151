/*
 * levels.h - how loud a channel is.
 *
 * Used by: transcribe. Knows: s16 samples. Threading: values only.
 */
#ifndef KOL_AUDIO_LEVELS_H
#define KOL_AUDIO_LEVELS_H

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

#endif
