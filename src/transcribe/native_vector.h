/*
 * native_vector.h - what the native engine computes between its products: norms, softmax, the
 * change to the compact type. Plain C on vectors of 16 floats, compiled for several CPUs.
 *
 * "Compact" is the type that products take: bf16 where the CPU computes with it, else float.
 * Used by: native_math.c, native_mel.c, native_encoder.c, native_decoder.c.
 * Threading: pure functions.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_VECTOR_H
#define KOL_TRANSCRIBE_NATIVE_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number as bf16, rounded to the nearest. */
void kol_to_bf16(const float *x, size_t count, uint16_t *ret);

/* Each row of x to mean 0 and variance 1, times gain, plus bias. ret: bf16 or float, [rows][width].
 * Source: whisper.cpp's eps of 1e-5. */
void kol_layer_norm(const float *x, int rows, int width, const float *gain, const float *bias,
                    bool bf16, void *ret);

/*
 * What stands under the fraction line of softmax, and its sum: 2^(x - greatest of the row). Who
 * has natural logarithms multiplies them by log2(e) first.
 *
 *   ret       bf16 or float, [rows][columns]
 *   ret_sums  of each row, before rounding
 */
void kol_softmax_parts(const float *x, int rows, int columns, bool bf16, void *ret,
                       float *ret_sums);

/* ret[row][i] = x[row][i] / sums[row]; the rows of ret are stride values apart. */
void kol_divide_rows(const float *x, int rows, int columns, const float *sums, bool bf16, void *ret,
                     size_t stride);

/* ---- rows of whole numbers ---- */

bool kol_int8_fits(int width);

/* Widths are multiples of 16 here, up to 8,192 (kol_int8_fits()). Each row as numbers in -127..127,
 * and what to multiply them with. */
void kol_to_int8(const float *x, int rows, int width, int8_t *ret, float *ret_scales);
void kol_layer_norm_int8(const float *x, int rows, int width, const float *gain, const float *bias,
                         int8_t *ret, float *ret_scales);

/* What the columns of a product of whole numbers mean: sum * row's scale * scale + bias. */
struct kol_columns {
    const float *scales, *bias;
};

/* y += that; GELU of that to whole numbers again, whose scales may go where the old ones are. */
void kol_add_sums(const int32_t *sums, int rows, int width, const float *scales,
                  const struct kol_columns *columns, float *y);
void kol_gelu_sums(const int32_t *sums, int rows, int width, const float *scales,
                   const struct kol_columns *columns, int8_t *ret, float *ret_scales);

/* ---- the spectrum ---- */

/* x = log10(max(x, least)); returns the greatest. */
float kol_log10_all(float *x, size_t count, float least);

/* x = max(x, least) * factor + offset */
void kol_clamp_scale(float *x, size_t count, float least, float factor, float offset);

#endif
