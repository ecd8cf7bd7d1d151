/*
 * speed_rig.h - the two halves of a Whisper model on their own, in each of the engines here, so
 * that they can be timed.
 *
 * Used by: speed.c. Threading: a model is shared, a state belongs to one thread.
 */
#ifndef KOL_TRANSCRIBE_SPEED_RIG_H
#define KOL_TRANSCRIBE_SPEED_RIG_H

#include <stdbool.h>
#include <stddef.h>

struct kol_speed_rig {
    const char *engine;
    /* Both return NULL when it cannot be. */
    void *(*load)(const char *path);
    void *(*open)(void *model);
    bool (*encode)(void *state, const float *pcm, size_t samples); /* a window of 16 kHz */
    bool (*decode)(void *state, int tokens);                       /* one by one */
    void (*close)(void *state);                                    /* NULL is fine */
    void (*unload)(void *model);                                   /* NULL is fine */
};

extern const struct kol_speed_rig kol_speed_whisper;
#if KOL_NATIVE
extern const struct kol_speed_rig kol_speed_native;
#endif

#endif
