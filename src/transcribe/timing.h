/*
 * timing.h - when each token of a chunk was said, from its letters and the sound.
 *
 * Used by: words.c, listen.c. Pure. Times are ms in the chunk, from where the engine began.
 */
#ifndef KOL_TRANSCRIBE_TIMING_H
#define KOL_TRANSCRIBE_TIMING_H

#include "transcribe/chunk.h"
#include "transcribe/engine.h"

/* Sound of a chunk in frames of 10 ms, to know where inside a sentence the voice pauses. */
struct kol_envelope {
    float *db; /* level of each frame, dBFS */
    size_t count;
};

enum kol_code kol_envelope_make(struct kol_arena *a, const float *pcm, size_t samples,
                                struct kol_envelope *ret, struct kol_err *err) KOL_MUST_CHECK;

/* Mean level of a stretch, dBFS; -120 of nothing. */
double kol_envelope_db(const struct kol_envelope *e, int64_t from_ms, int64_t to_ms);

/*
 * Gives a time to every token of an engine that has none (start_ms -1). Whisper tells only where
 * sentences begin and end, and that to half a second; pauses in the sound tell it better, and best
 * the places where the chunk leaves out seconds of the call: hardly a sentence goes on over one.
 *
 *   offset_ms  where in the chunk the engine's time 0 is; sound begins there too
 *
 * Errors: NO_MEMORY.
 */
enum kol_code kol_words_time(struct kol_arena *a, const struct kol_chunk *chunk,
                             struct kol_engine_result *result, int64_t offset_ms,
                             const struct kol_envelope *sound, struct kol_err *err) KOL_MUST_CHECK;

#endif
