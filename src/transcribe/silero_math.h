/*
 * silero_math.h - the two computations that the speech detector's time goes into, once for each
 * kind of CPU.
 *
 * Used by: silero.c. Threading: pure functions.
 */
#ifndef KOL_TRANSCRIBE_SILERO_MATH_H
#define KOL_TRANSCRIBE_SILERO_MATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    KOL_PANEL = 32, /* columns of a product that lie side by side, in two halves */
    KOL_HALF = KOL_PANEL / 2,
    KOL_ROW_STEP = 8, /* rows come in multiples of this */
    KOL_CELL = 128,   /* width of the LSTM */
    KOL_GATES = 4 * KOL_CELL,
    KOL_GATE_PANEL = 64
};

enum kol_product_end {
    KOL_END_BIAS,      /* y = sum + bias */
    KOL_END_RELU,      /* the same, and what is below 0 becomes 0 */
    KOL_END_MAGNITUDE, /* halves are real and imaginary parts: y is half as wide, no bias */
};

/*
 * y[row][column] = end(sum over taps and i of x[row][tap][i] * w[tap][i][column]).
 * A convolution is such a product whose rows overlap.
 */
struct kol_silero_product {
    const float *x;
    size_t rows, row_stride; /* in floats, as all strides */
    size_t taps, tap_stride; /* stretches of x that belong to one row */
    size_t depth;            /* floats in a tap */
    const float *w;          /* [panel][tap][depth][KOL_PANEL] */
    size_t panels, panel_stride;
    const float *bias; /* KOL_PANEL for each panel */
    enum kol_product_end end;
    bool half; /* y is rounded as if it were kept in f16 */
    float *y;
    size_t y_stride;
};

/*
 * The nearest number with the 11 bits that f16 has. whisper.cpp keeps in f16 what goes into a
 * convolution; rounded likewise our probabilities differ from its by less than 0.001, else by up to
 * 0.012.
 */
static inline float kol_as_half(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    bits = (bits + 0xfff + (bits >> 13 & 1)) & ~UINT32_C(0x1fff);
    memcpy(&x, &bits, sizeof(x));
    return x;
}

struct kol_silero_kernels {
    const char *name;
    bool (*usable)(void);
    void (*product)(const struct kol_silero_product *p);
    /*
     * One step of the LSTM.
     *
     *   gates  what the input adds to the gates in, forget, cell, out; KOL_GATES, overwritten
     *   w      hidden to gates: [gate panel][KOL_CELL][KOL_GATE_PANEL]
     *   h, c   the state, KOL_CELL each
     *   out    weights of the last layer
     *
     * Returns the sum of out over the positive parts of the new h.
     */
    float (*step)(float *gates, const float *w, float *h, float *c, const float *out);
};

/* From the most portable to the fastest. */
extern const struct kol_silero_kernels kol_silero_kernels[];
extern const size_t kol_silero_kernel_count;

#endif
