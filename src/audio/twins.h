/*
 * twins.h - do the two channels of a recording carry one sound?
 *
 * "Fake stereo": a mono mix of both speakers on two channels, perhaps one of them quieter, inverted
 * or a few milliseconds later. Then who speaks is not known, and transcribing both is waste.
 * A call in which each side has its own channel must never be taken for one, however much of the
 * one is heard in the other: so each quarter of a second has to agree in shape, level and delay.
 *
 * Used by: transcribe. Knows: s16 samples at 16 kHz. Threading: values only.
 * Cost: three multiplications per sample; a search for the delay a few times per recording.
 */
#ifndef KOL_AUDIO_TWINS_H
#define KOL_AUDIO_TWINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KOL_TWINS_LAG = 320,   /* the longest delay either way: 20 ms */
    KOL_TWINS_BLOCK = 4000 /* 250 ms are judged at a time */
};

struct kol_twins { /* all zero to begin with; 17 KB */
    int16_t a[KOL_TWINS_BLOCK + 2 * KOL_TWINS_LAG], b[KOL_TWINS_BLOCK + 2 * KOL_TWINS_LAG];
    size_t have;
    bool settled; /* lag and gain are known */
    int lag;      /* samples by which b is later */
    double gain;  /* b over a; negative: inverted */
    int searches, moves;
    uint64_t alike, different; /* blocks with sound */
    double aa, bb, ab;         /* over those that are alike */
};

void kol_twins_feed(struct kol_twins *t, const int16_t *a, const int16_t *b, size_t frames);

/* True when at least a second of sound was heard and all of it is on both channels. */
bool kol_twins_identical(const struct kol_twins *t);

/* For people: how alike (0 to 1), the delay in ms and the level of the second channel in dB. */
double kol_twins_correlation(const struct kol_twins *t);
double kol_twins_delay_ms(const struct kol_twins *t);
double kol_twins_level_db(const struct kol_twins *t);

#endif
