/*
 * words.h - tokens of a chunk become words with times in the call, and words become segments.
 *
 * Pure. A chunk joins spans that may lie minutes apart in the call, so a segment that the engine
 * saw as one is cut where the call had a pause; otherwise the other side's answer would stand
 * after both halves of the question.
 */
#ifndef KOL_TRANSCRIBE_WORDS_H
#define KOL_TRANSCRIBE_WORDS_H

#include "transcribe/chunk.h"
#include "transcribe/engine.h"
#include "transcribe/transcribe.h"

/* Sound of a chunk in frames of 10 ms, to know where inside a sentence the voice pauses. */
struct kol_envelope {
    float *db; /* level of each frame, dBFS */
    size_t count;
};

enum kol_code kol_envelope_make(struct kol_arena *a, const float *pcm, size_t samples,
                                struct kol_envelope *ret, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Gives a time to every token of an engine that has none (start_ms -1). Whisper tells only where
 * sentences begin and end, and that to half a second; pauses in the sound tell it better.
 */
enum kol_code kol_words_time(struct kol_arena *a, struct kol_engine_result *result,
                             const struct kol_envelope *sound, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Segments of the call out of those of the engine.
 *
 *   offset_ms  where in the chunk the engine's time 0 is; sound begins there too
 *   ret        in the arena; role and reason are left to the caller
 *
 * Errors: NO_MEMORY.
 */
enum kol_code kol_words_segments(struct kol_arena *a, const struct kol_chunk *chunk,
                                 struct kol_engine_result *result, int64_t offset_ms,
                                 const struct kol_envelope *sound, struct kol_segment **ret,
                                 size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

#endif
