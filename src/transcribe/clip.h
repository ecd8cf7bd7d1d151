/*
 * clip.h - eleven seconds of clear English speech inside the program, to see whether a model works.
 *
 * The speech is from an inaugural address of 1961, in the public domain; data/README.md.
 */
#ifndef KOL_TRANSCRIBE_CLIP_H
#define KOL_TRANSCRIBE_CLIP_H

#include "transcribe/transcribe.h"

struct kol_clip_result {
    const char *heard; /* in the arena */
    int words, right;  /* that are spoken in it, and those of them that were heard in order */
    int64_t duration_ms, wall_ms;
};

/* The whole road: decoder, speech detection, engine. Errors: those of kol_transcribe_file(). */
enum kol_code kol_transcriber_hear_clip(struct kol_transcriber *t, struct kol_arena *a,
                                        struct kol_clip_result *ret,
                                        struct kol_err *err) KOL_MUST_CHECK;

#endif
