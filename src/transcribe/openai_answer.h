/*
 * openai_answer.h - reads what an OpenAI-compatible transcription server says: strictly, since it
 * may be anybody's.
 *
 * Pure. Source: "verbose_json" of POST /v1/audio/transcriptions in OpenAI's API reference; servers
 * leave out what they like but the text.
 */
#ifndef KOL_TRANSCRIBE_OPENAI_ANSWER_H
#define KOL_TRANSCRIBE_OPENAI_ANSWER_H

#include "transcribe/engine.h"

enum { KOL_OPENAI_ANSWER_BYTES = 1 << 20 };

/*
 * Times are brought into 0 .. chunk_ms and into order; words get to the segment in whose time their
 * middle lies; without words, those of the text stand untimed (start_ms -1). Control characters
 * become spaces. end_ms is the chunk's end. ret_language  canonical code, NULL when the server does
 * not say or nobody knows it Errors: ENGINE (no such answer, or beyond all limits), NO_MEMORY.
 */
enum kol_code kol_openai_read(struct kol_arena *a, const char *text, size_t len, int64_t chunk_ms,
                              struct kol_engine_result *ret, const char **ret_language,
                              struct kol_err *err) KOL_MUST_CHECK;

#endif
