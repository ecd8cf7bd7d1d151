/*
 * native_rows.h - matrices of 8 bit integers for the decoder, which reads all its weights for every
 * token and waits for memory: with a scale for every 32 of a row, as ggml's q8_0.
 *
 * Where the CPU has dot products of 8 bit integers in vectors of 512 bits, 16 rows lie interleaved,
 * so that one register holds 4 values of each and sums need not be gathered; elsewhere the rows are
 * ggml's and its kernels read them.
 * Used by: native_decoder.c. Threading: a matrix is read-only once made; an input belongs to one
 * thread.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_ROWS_H
#define KOL_TRANSCRIBE_NATIVE_ROWS_H

#include "base/err.h"
#include <stdbool.h>

struct kol_rows;       /* opaque: [n][k] */
struct kol_rows_input; /* opaque: what they are multiplied with, in 8 bits too */

/*
 *   w  [n][k], borrowed during the call
 *   k  a multiple of 64
 *
 * Errors: BAD_INPUT (k), NO_MEMORY.
 */
enum kol_code kol_rows_new(const float *w, int n, int k, struct kol_rows **ret,
                           struct kol_err *err) KOL_MUST_CHECK;
void kol_rows_free(struct kol_rows *r); /* NULL is fine */

/* One row as it is remembered. ret has room for k floats. */
void kol_rows_get(const struct kol_rows *r, int row, float *ret);

/* Room for m vectors of k. Errors: NO_MEMORY. */
enum kol_code kol_rows_input_new(int m, int k, struct kol_rows_input **ret,
                                 struct kol_err *err) KOL_MUST_CHECK;
void kol_rows_input_free(struct kol_rows_input *in); /* NULL is fine */

/* Takes the vectors x, [m][k], for the products that follow. */
void kol_rows_input_set(struct kol_rows_input *in, const float *x, int m, int k);

/* y[m][n] = x * w^T + bias; bias NULL: none. */
void kol_rows_multiply(const struct kol_rows *r, const struct kol_rows_input *in, const float *bias,
                       float *y);

/* For tests: matrices and inputs made from now on are ggml's whatever the CPU. */
void kol_rows_plain(bool plain);

#endif
