/*
 * native_math.h - matrix products for the native engine, on oneDNN.
 *
 * "Compact" is the type that products take: bf16 where the CPU computes with it, else float.
 * Used by: native_mel.c, native_encoder.c, native_decoder.c. Does not know: Whisper.
 * Threading: products and matrices are shared by threads; a struct kol_math belongs to one, and
 * each product is computed by the calling thread alone.
 * Source: oneDNN 2.6, its C interface.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_MATH_H
#define KOL_TRANSCRIBE_NATIVE_MATH_H

#include "base/err.h"
#include "transcribe/native_vector.h"
#include <stddef.h>

struct kol_math; /* one thread's stream and scratch memory */

/* Errors: NO_MEMORY, ENGINE. */
enum kol_code kol_math_open(struct kol_math **ret, struct kol_err *err) KOL_MUST_CHECK;
void kol_math_close(struct kol_math *math); /* NULL is fine */

/* Does the CPU compute fast with bytes? */
bool kol_math_has_int8(void);

/* Is the compact type bf16? Bytes of such a number; floats turned into it. */
bool kol_compact_is_bf16(void);
size_t kol_compact_bytes(void);
void kol_compact(const float *x, size_t count, void *ret);

/* Zeroed memory for count values of that size, aligned for vectors; free() frees it. NULL when
 * there is none. */
void *kol_math_alloc(size_t count, size_t size) KOL_MUST_CHECK;

/* ---- a product of two matrices that change ---- */

enum kol_activation { KOL_LINEAR, KOL_GELU };

/* c[m][n] = act(a[m][k] * b[k][n] + bias[n]) (+ c) */
struct kol_matrix_conf {
    int m, n, k;
    int row_step, column_step; /* before it is packed, b[row][column] is so many values on */
    bool bias;
    enum kol_activation act; /* GELU: the approximation by tanh, as Whisper's models learned */
    bool add;                /* what stands in c is added at the end */
    bool exact;              /* a and b are float whatever the CPU; else compact */
    bool compact;            /* c is compact, else float */
    bool int8;               /* a and b are int8_t, c is int32_t; with nothing of the above */
};

struct kol_matrix; /* a product of these sizes: machine code made for them */

enum kol_code kol_matrix_make(const struct kol_matrix_conf *conf, struct kol_matrix **ret,
                              struct kol_err *err) KOL_MUST_CHECK;
void kol_matrix_free(struct kol_matrix *x); /* NULL is fine */

/* b is packed before it is multiplied with, into so many bytes. */
size_t kol_matrix_packed_bytes(const struct kol_matrix *x);
enum kol_code kol_matrix_pack(const struct kol_matrix *x, struct kol_math *math, const void *b,
                              void *ret, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_matrix_run(const struct kol_matrix *x, struct kol_math *math, const void *a,
                             const void *packed, const float *bias, void *c,
                             struct kol_err *err) KOL_MUST_CHECK;

/* ---- a product with weights ---- */

struct kol_product; /* weights, packed once */

/* y[m][n] = act(x[m][k] * w[n][k] + bias[n]) (+ y) */
struct kol_product_conf {
    int n, k;
    const float *bias; /* copied; NULL: none */
    enum kol_activation act;
    bool add, exact, compact; /* see struct kol_matrix_conf */
    /* x is int8_t, y the int32_t sums; kol_product_columns() tells what they mean. The weights are
     * rounded to whole numbers, column by column. */
    bool int8;
};

/* w: copied. Errors: NO_MEMORY, ENGINE. */
enum kol_code kol_product_make(const float *w, const struct kol_product_conf *conf,
                               struct kol_product **ret, struct kol_err *err) KOL_MUST_CHECK;
void kol_product_free(struct kol_product *p); /* NULL is fine */

/* Of a product with int8. */
const struct kol_columns *kol_product_columns(const struct kol_product *p);

/*
 * For any m; the first run of a length (or of a rest, as long inputs are cut) takes a few ms more.
 * x is compact, or float with exact; y is float, or compact if the conf said so.
 */
enum kol_code kol_product_run(struct kol_product *p, struct kol_math *math, const void *x, int m,
                              void *y, struct kol_err *err) KOL_MUST_CHECK;

#endif
