#include "transcribe/native_vector.h"

#include <math.h>
#include <string.h>

/* Each function below is compiled for three kinds of CPU; the loader picks. Sanitizers cannot run
 * before the loader is done, which is when it picks. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&      \
    !defined(__clang__)
#define CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define CLONES
#endif
#define INLINE static inline __attribute__((always_inline))
#pragma GCC diagnostic ignored "-Wpsabi" /* vectors are passed to inline functions only */

enum { LANES = 16 };

/* Without a register that wide, a compiler makes several of it. */
typedef float floats __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(64)));
typedef uint16_t halves __attribute__((vector_size(32)));
typedef int16_t shorts __attribute__((vector_size(32)));
typedef int8_t bytes __attribute__((vector_size(16)));

/* The same wherever it lies. (A checked memcpy() would be a call.) */
typedef float loose_floats __attribute__((vector_size(64), aligned(4), may_alias));
typedef int8_t loose_bytes __attribute__((vector_size(16), aligned(1), may_alias));

INLINE void load(const float *from, floats *ret)
{
    *ret = *(const loose_floats *)from;
}

INLINE floats larger(floats a, floats b)
{
    const ints left = a > b;
    ints first, second;

    memcpy(&first, &a, sizeof(first));
    memcpy(&second, &b, sizeof(second));
    first = (first & left) | (second & ~left);
    memcpy(&a, &first, sizeof(a));
    return a;
}

INLINE float sum_of(const floats *v)
{
    float sum = 0;

    for (int i = 0; i < LANES; i++)
        sum += (*v)[i];
    return sum;
}

INLINE float most_of(const floats *v)
{
    float most = (*v)[0];

    for (int i = 1; i < LANES; i++)
        most = most > (*v)[i] ? most : (*v)[i];
    return most;
}

/* ---- bf16 ---- */

INLINE uint16_t bf16_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

INLINE void store_bf16(const floats *v, uint16_t *ret)
{
    typedef uint32_t bits16 __attribute__((vector_size(64)));
    bits16 bits;

    memcpy(&bits, v, sizeof(bits));
    bits = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const halves narrow = __builtin_convertvector(bits, halves);
    memcpy(ret, &narrow, sizeof(narrow));
}

/* Sixteen values to place i of bf16s or floats. */
INLINE void store(const floats *v, bool bf16, void *ret, size_t i)
{
    if (bf16)
        store_bf16(v, (uint16_t *)ret + i);
    else
        *(loose_floats *)((float *)ret + i) = *v;
}

INLINE void store_one(float x, bool bf16, void *ret, size_t i)
{
    if (bf16)
        ((uint16_t *)ret)[i] = bf16_of(x);
    else
        ((float *)ret)[i] = x;
}

CLONES void kol_to_bf16(const float *x, size_t count, uint16_t *ret)
{
    size_t i = 0;
    floats v;

    for (; i + LANES <= count; i += LANES) {
        load(x + i, &v);
        store_bf16(&v, ret + i);
    }
    for (; i < count; i++)
        ret[i] = bf16_of(x[i]);
}

/* ---- norm ---- */

INLINE float mean_of(const float *x, int width)
{
    floats sums = {0}, v;
    int i = 0;

    for (; i + LANES <= width; i += LANES) {
        load(x + i, &v);
        sums += v;
    }
    float sum = sum_of(&sums);
    for (; i < width; i++)
        sum += x[i];
    return sum / (float)width;
}

INLINE float variance_of(const float *x, int width, float mean)
{
    floats sums = {0}, v;
    int i = 0;

    for (; i + LANES <= width; i += LANES) {
        load(x + i, &v);
        v -= mean;
        sums += v * v;
    }
    float sum = sum_of(&sums);
    for (; i < width; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum / (float)width;
}

INLINE void norm_row(const float *x, int width, const float *gain, const float *bias, bool bf16,
                     void *ret, size_t at)
{
    const float mean = mean_of(x, width);
    const float scale = 1.0f / sqrtf(variance_of(x, width, mean) + 1e-5f);
    floats v, g, b;
    int i = 0;

    for (; i + LANES <= width; i += LANES) {
        load(x + i, &v);
        load(gain + i, &g);
        load(bias + i, &b);
        v = (v - mean) * scale * g + b;
        store(&v, bf16, ret, at + (size_t)i);
    }
    for (; i < width; i++)
        store_one((x[i] - mean) * scale * gain[i] + bias[i], bf16, ret, at + (size_t)i);
}

CLONES void kol_layer_norm(const float *x, int rows, int width, const float *gain,
                           const float *bias, bool bf16, void *ret)
{
    for (int row = 0; row < rows; row++) {
        const size_t at = (size_t)row * (size_t)width;
        norm_row(x + at, width, gain, bias, bf16, ret, at);
    }
}

/* ---- powers and logarithms ---- */

/* 2^x for x below 126, 0 below -126: the whole part goes to the exponent, the rest to a polynomial
 * (within 3e-6 of the value). */
INLINE floats power_of_two(floats x)
{
    const floats magic = (floats){0} + 12582912.0f; /* 1.5 * 2^23: its last bits are the integer */
    const floats low = (floats){0} - 126.0f;
    ints whole, bits;

    const floats shifted = x + magic, rest = x - (shifted - magic);
    floats p = rest * 9.5701019e-3f + 5.5917860e-2f;
    p = p * rest + 0.24024745f;
    p = p * rest + 0.69312181f;
    p = p * rest + 0.99999926f;
    memcpy(&whole, &shifted, sizeof(whole));
    memcpy(&bits, &p, sizeof(bits));
    bits = (bits + (whole << 23)) & (x > low);
    memcpy(&p, &bits, sizeof(p));
    return p;
}

INLINE float most_in(const float *x, int count)
{
    float most = x[0];
    floats v, lanes;
    int i = 0;

    if (count >= LANES) {
        load(x, &lanes);
        for (; i + LANES <= count; i += LANES) {
            load(x + i, &v);
            lanes = larger(v, lanes);
        }
        most = most_of(&lanes);
    }
    for (; i < count; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

/* x * sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3): what 0.5 x (1 + tanh(u)) is. */
INLINE floats gelu(floats x)
{
    const float factor = -2.3022082f; /* -2 log2(e) sqrt(2 / pi) */
    const floats high = (floats){0} + 120.0f;
    const floats u = x * (factor + factor * 0.044715f * (x * x));

    return x / (1.0f + power_of_two(-larger(-u, -high)));
}

INLINE float softmax_row(const float *x, int columns, bool bf16, void *ret, size_t at)
{
    const float most = most_in(x, columns);
    floats sums = {0}, v = {0};
    int i = 0;

    for (; i + LANES <= columns; i += LANES) {
        load(x + i, &v);
        v = power_of_two(v - most);
        sums += v;
        store(&v, bf16, ret, at + (size_t)i);
    }
    float sum = sum_of(&sums);
    if (i < columns) {
        memcpy(&v, x + i, (size_t)(columns - i) * sizeof(float));
        v = power_of_two(v - most);
    }
    for (int lane = 0; i < columns; i++, lane++) {
        sum += v[lane];
        store_one(v[lane], bf16, ret, at + (size_t)i);
    }
    return sum;
}

CLONES void kol_softmax_parts(const float *x, int rows, int columns, bool bf16, void *ret,
                              float *ret_sums)
{
    for (int row = 0; row < rows; row++) {
        const size_t at = (size_t)row * (size_t)columns;
        ret_sums[row] = softmax_row(x + at, columns, bf16, ret, at);
    }
}

CLONES void kol_divide_rows(const float *x, int rows, int columns, const float *sums, bool bf16,
                            void *ret, size_t stride)
{
    for (int row = 0; row < rows; row++) {
        const float *from = x + (size_t)row * (size_t)columns;
        const float factor = 1.0f / sums[row];
        const size_t at = (size_t)row * stride;
        floats v;
        int i = 0;

        for (; i + LANES <= columns; i += LANES) {
            load(from + i, &v);
            v *= factor;
            store(&v, bf16, ret, at + (size_t)i);
        }
        for (; i < columns; i++)
            store_one(from[i] * factor, bf16, ret, at + (size_t)i);
    }
}

/* log10(x) of x > 0: exponent, and atanh's series of the mantissa in sqrt(1/2)..sqrt(2). */
INLINE floats log10_of(floats x)
{
    ints bits;

    memcpy(&bits, &x, sizeof(bits));
    const ints exponent = (bits - 0x3f3504f3) >> 23;
    bits -= exponent << 23;
    memcpy(&x, &bits, sizeof(x));
    const floats z = (x - 1.0f) / (x + 1.0f), zz = z * z;
    floats p = zz * (2.0f / 9) + 2.0f / 7;
    p = p * zz + 2.0f / 5;
    p = p * zz + 2.0f / 3;
    p = p * zz + 2.0f;
    return __builtin_convertvector(exponent, floats) * 0.30102999566f + p * z * 0.43429448190f;
}

CLONES float kol_log10_all(float *x, size_t count, float least)
{
    const floats low = (floats){0} + least;
    float most = log10f(least);

    for (size_t i = 0; i < count; i += LANES) {
        const size_t n = count - i < LANES ? count - i : LANES;
        floats v = low;

        memcpy(&v, x + i, n * sizeof(float));
        v = log10_of(larger(v, low));
        memcpy(x + i, &v, n * sizeof(float));
        const float here = most_of(&v);
        most = here > most ? here : most;
    }
    return most;
}

CLONES void kol_clamp_scale(float *x, size_t count, float least, float factor, float offset)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (x[i] > least ? x[i] : least) * factor + offset;
}

/* ---- rows of whole numbers ---- */

enum { WIDEST = 4 * 2048 }; /* of a row, see model_file.c */

bool kol_int8_fits(int width)
{
    return width > 0 && width <= WIDEST && width % LANES == 0;
}

/* x / scale, rounded: the last byte of what 1.5 * 2^23 was added to. */
INLINE void store_bytes(floats x, float factor, int8_t *ret)
{
    const floats shifted = x * factor + 12582912.0f;
    ints whole;

    memcpy(&whole, &shifted, sizeof(whole));
    *(loose_bytes *)ret = __builtin_convertvector(__builtin_convertvector(whole, shorts), bytes);
}

INLINE floats magnitude(floats x)
{
    ints bits;

    memcpy(&bits, &x, sizeof(bits));
    bits &= 0x7fffffff;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* A row of floats whose greatest magnitude is known; width: of whole vectors. */
INLINE float narrow_row(const float *x, int width, float most, int8_t *ret)
{
    const float factor = most > 0 ? 127.0f / most : 0;
    floats v;

    for (int i = 0; i < width; i += LANES) {
        load(x + i, &v);
        store_bytes(v, factor, ret + i);
    }
    return most / 127.0f;
}

INLINE float int8_row(const float *x, int width, int8_t *ret)
{
    floats most = {0}, v;

    for (int i = 0; i < width; i += LANES) {
        load(x + i, &v);
        most = larger(most, magnitude(v));
    }
    return narrow_row(x, width, most_of(&most), ret);
}

CLONES void kol_to_int8(const float *x, int rows, int width, int8_t *ret, float *ret_scales)
{
    for (int row = 0; row < rows; row++) {
        const size_t at = (size_t)row * (size_t)width;
        ret_scales[row] = int8_row(x + at, width, ret + at);
    }
}

CLONES void kol_layer_norm_int8(const float *x, int rows, int width, const float *gain,
                                const float *bias, int8_t *ret, float *ret_scales)
{
    float normed[WIDEST];

    for (int row = 0; row < rows; row++) {
        const size_t at = (size_t)row * (size_t)width;
        norm_row(x + at, width, gain, bias, false, normed, 0);
        ret_scales[row] = int8_row(normed, width, ret + at);
    }
}

/* Sixteen sums as what they mean. */
INLINE floats value_of(const int32_t *sums, float scale, const struct kol_columns *columns, int i)
{
    floats factor, bias;
    ints whole;

    memcpy(&whole, sums + i, sizeof(whole));
    load(columns->scales + i, &factor);
    load(columns->bias + i, &bias);
    return __builtin_convertvector(whole, floats) * (factor * scale) + bias;
}

CLONES void kol_add_sums(const int32_t *sums, int rows, int width, const float *scales,
                         const struct kol_columns *columns, float *y)
{
    for (int row = 0; row < rows; row++) {
        for (int i = 0; i < width; i += LANES) {
            floats v;

            load(y + i, &v);
            v += value_of(sums, scales[row], columns, i);
            *(loose_floats *)(y + i) = v;
        }
        sums += width;
        y += width;
    }
}

CLONES void kol_gelu_sums(const int32_t *sums, int rows, int width, const float *scales,
                          const struct kol_columns *columns, int8_t *ret, float *ret_scales)
{
    float values[WIDEST];

    for (int row = 0; row < rows; row++) {
        const size_t at = (size_t)row * (size_t)width;
        floats most = {0};

        for (int i = 0; i < width; i += LANES) {
            const floats v = gelu(value_of(sums + at, scales[row], columns, i));

            most = larger(most, magnitude(v));
            *(loose_floats *)(values + i) = v;
        }
        ret_scales[row] = narrow_row(values, width, most_of(&most), ret + at);
    }
}
