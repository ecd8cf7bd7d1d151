/*
 * prompt.h - the names that matter to a business, as a sentence that Whisper reads before it
 * listens.
 *
 * Pure but for the engine's token counter.
 */
#ifndef KOL_TRANSCRIBE_PROMPT_H
#define KOL_TRANSCRIBE_PROMPT_H

#include "base/arena.h"
#include "transcribe/engine.h"

enum { KOL_PROMPT_TOKENS = 120 }; /* more costs time in every chunk and crowds out what was heard */

/*
 * As many of the terms as fit, the first (most important) at the end, because Whisper cuts long
 * prompts from the front and heeds the end most. NULL when there are none, or out of memory.
 */
const char *kol_prompt_make(struct kol_arena *a, const struct kol_engine *engine,
                            const char *language, const char *const *terms, size_t count);

#endif
