/*
 * native_try.h - writes down a sound that a pen has heard: one try at one temperature.
 *
 * At temperature 0 the likeliest lines are searched, `beam` of them side by side (1: greedy);
 * above it several are drawn.
 * Used by: engine_native.c. Threading: a writer belongs to one thread.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_TRY_H
#define KOL_TRANSCRIBE_NATIVE_TRY_H

#include "transcribe/decoded.h"
#include "transcribe/native_decoder.h"
#include "transcribe/native_sample.h"

enum { KOL_NATIVE_PROMPT = 223 }; /* tokens of the longest prompt; of a longer one its last */

struct kol_native_slot {
    struct kol_native_line line;
    int pen_line;
    double logprobs; /* of its tokens, summed up */
};

struct kol_native_writer {
    const struct kol_native_vocab *vocab; /* borrowed, as the next two */
    const struct kol_native_rules *rules;
    struct kol_native_pen *pen;
    float *logits; /* of one token; the caller's, of the size of the vocabulary */
    struct kol_native_slot slots[KOL_PEN_LINES], next[KOL_PEN_LINES];
    int count; /* of slots */
    uint64_t random[KOL_DECODED_BEST_OF];
    double no_speech_prob;
};

/*
 * Fills w->no_speech_prob and returns in ret the best line, w's until the next try; its member
 * `failed` says whether a higher temperature is worth a try.
 *
 * Errors: CANCELLED (request->abort said so), NO_MEMORY, BUG.
 */
enum kol_code kol_native_try(struct kol_native_writer *w, struct kol_arena *a,
                             const struct kol_engine_request *request, double temperature,
                             const struct kol_native_line **ret,
                             struct kol_err *err) KOL_MUST_CHECK;

#endif
