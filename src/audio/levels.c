/*
 * levels.c - see levels.h.
 */
#include "audio/levels.h"
#include <math.h>
#include <stdlib.h>

enum { FULL_SCALE = 32768, CLIPPED = 32767, BLOCK = 4096 };

void kol_levels_feed(struct kol_levels *l, const int16_t *pcm, size_t frames)
{
    for (size_t at = 0; at < frames; at += BLOCK) {
        size_t end = frames - at < BLOCK ? frames : at + BLOCK;
        int64_t squares = 0; /* exact within a block */

        for (size_t i = at; i < end; i++) {
            int v = abs(pcm[i]);
            squares += (int64_t)v * v;
            l->peak = v > l->peak ? v : l->peak;
            l->clipped += v >= CLIPPED;
        }
        l->squares += (double)squares;
    }
    l->frames += frames;
}

static double to_db(double amplitude)
{
    double db = amplitude > 0 ? 20 * log10(amplitude / FULL_SCALE) : KOL_SILENT_DB;
    return db > KOL_SILENT_DB ? db : KOL_SILENT_DB;
}

double kol_levels_rms_db(const struct kol_levels *l)
{
    return l->frames ? to_db(sqrt(l->squares / (double)l->frames)) : KOL_SILENT_DB;
}

double kol_levels_peak_db(const struct kol_levels *l)
{
    return to_db(l->peak);
}
