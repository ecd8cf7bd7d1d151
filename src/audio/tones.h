/*
 * tones.h - what one short frame holds: silence, a telephone tone, a key press, or something else.
 *
 * Used by: gate.c, which knows what a row of frames means. A single frame decides nothing: a sung
 * vowel can be as pure as a ringing tone.
 * Source: ITU-T E.180 (call progress tones; ring 440+480, 425, 400; busy 480+620, 400), Q.23
 * (DTMF).
 */
#ifndef KOL_AUDIO_TONES_H
#define KOL_AUDIO_TONES_H

#include <stdint.h>

enum { KOL_TONES_FRAMES = 800, KOL_TONES_MS = 50 }; /* at 16 kHz: bins of 20 Hz */

enum kol_sound { KOL_SOUND_OTHER, KOL_SOUND_SILENCE, KOL_SOUND_TONE, KOL_SOUND_DTMF };

struct kol_sounding {
    enum kol_sound sound;
    int level_db; /* dB below full scale, -120 ... 0 */
    int hz;       /* of TONE: where its energy lies on average; else 0 */
};

struct kol_sounding kol_tones_hear(const int16_t pcm[static KOL_TONES_FRAMES]);

#endif
