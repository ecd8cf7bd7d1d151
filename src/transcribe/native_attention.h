/*
 * native_attention.h - self-attention of one head in one go, for CPUs that multiply bf16 in
 * vectors.
 *
 * Six queries at a time: their scores, softmax and the mix of values stay in the L1 cache while
 * keys and values come from the L2 cache. Other CPUs and other widths go through kol_matrix_run().
 * Used by: native_ear.c. Threading: pure functions.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_ATTENTION_H
#define KOL_TRANSCRIBE_NATIVE_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of bf16 numbers: those of one head begin at each pointer, stride numbers apart. */
struct kol_attention {
    const uint16_t *queries; /* scaled: softmax is of powers of 2 */
    const uint16_t *keys, *values;
    size_t stride;
    int rows; /* of each */
    uint16_t *ret;
    size_t ret_stride;
};

/* Does this CPU compute it, with heads of that width and so many rows? */
bool kol_attention_fits(int width, int rows);

/* Bytes of working memory, which begins at a multiple of 64 and is zeroed once. */
size_t kol_attention_room(int rows);

void kol_attention_run(const struct kol_attention *a, void *work);

#endif
