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
#include "transcribe/timing.h"
#include "transcribe/transcribe.h"

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
