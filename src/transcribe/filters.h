/*
 * filters.h - what Whisper wrote although nobody said it.
 *
 * Pure. Text is judged, never changed; what is dropped stays visible with the reason given here.
 */
#ifndef KOL_TRANSCRIBE_FILTERS_H
#define KOL_TRANSCRIBE_FILTERS_H

#include "transcribe/transcribe.h"

struct kol_filter_context {
    const char *language;
    const char *prompt; /* that the engine was given; NULL: none */
    double speech_prob; /* mean of the speech detector where the segment lies */
};

/* NULL: keep. Else the reason: "no_speech", "not_words", "repetition", "too_fast", "prompt_echo",
 * "invented_phrase". */
const char *kol_filter_segment(const struct kol_segment *s,
                               const struct kol_filter_context *context);

/* Lower case, letters and digits only, single spaces; Hebrew points are left out. buf holds size.
 */
void kol_filter_normalise(const char *text, char *buf, size_t size);

#endif
