#include "transcribe/native_attention.h"

enum {
    WIDTH = 64,        /* of a head, in all of Whisper's models */
    PAIRS = WIDTH / 2, /* the CPU multiplies pairs of numbers and adds them up */
    KEYS = 64,         /* at a time: four vectors */
    QUERIES = 6,       /* with them 24 vectors of sums, of the 32 there are */
    LANES = 16,
    VECTORS = KEYS / LANES
};

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define INLINE TARGET static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

/* Keys as [block of KEYS][PAIRS][KEYS] pairs, values as [pair of rows][WIDTH] pairs. */
struct work {
    uint32_t *keys, *values;
    float *scores;   /* [QUERIES][padded rows] */
    uint16_t *parts; /* the same of softmax, before they are divided by their sum */
};

static size_t padded(int rows)
{
    return ((size_t)rows + KEYS - 1) / KEYS * KEYS;
}

bool kol_attention_fits(int width, int rows)
{
    return width == WIDTH && rows > 0 && rows % (2 * QUERIES) == 0 &&
           __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

size_t kol_attention_room(int rows)
{
    return padded(rows) *
           (2 * PAIRS * sizeof(uint32_t) + QUERIES * (sizeof(float) + sizeof(uint16_t)));
}

static struct work lay_out(void *work, int rows)
{
    struct work w = {.keys = work};

    w.values = w.keys + padded(rows) * PAIRS;
    w.scores = (float *)(w.values + padded(rows) * PAIRS);
    w.parts = (uint16_t *)(w.scores + padded(rows) * QUERIES);
    return w;
}

/* ---- packing ---- */

/* Rows become columns: in four steps, each of which swaps what is off the diagonal of blocks. */
INLINE void transpose(__m512i rows[LANES])
{
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

    UNROLL for (int step = 1; step < LANES; step *= 2)
    {
        const __mmask16 second = _mm512_test_epi32_mask(lanes, _mm512_set1_epi32(step));
        const __m512i shift = _mm512_set1_epi32(LANES - step);
        const __m512i low = _mm512_mask_add_epi32(lanes, second, lanes, shift);
        const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(step));

        UNROLL for (int i = 0; i < LANES; i++)
        {
            if (i & step)
                continue;
            const __m512i top = rows[i], bottom = rows[i + step];
            rows[i] = _mm512_permutex2var_epi32(top, low, bottom);
            rows[i + step] = _mm512_permutex2var_epi32(top, high, bottom);
        }
    }
}

/* The last row stands for what would be behind it. */
TARGET static void pack_keys(const struct kol_attention *a, uint32_t *ret)
{
    for (int row = 0; row < (int)padded(a->rows); row += LANES)
        for (int pair = 0; pair < PAIRS; pair += LANES) {
            uint32_t *to = ret + ((size_t)(row / KEYS) * PAIRS + (size_t)pair) * KEYS + row % KEYS;
            __m512i block[LANES];

            for (int i = 0; i < LANES; i++) {
                const int at = row + i < a->rows ? row + i : a->rows - 1;
                block[i] = _mm512_loadu_si512(a->keys + (size_t)at * a->stride + 2 * pair);
            }
            transpose(block);
            for (int i = 0; i < LANES; i++)
                _mm512_store_si512(to + i * KEYS, block[i]);
        }
}

TARGET static void pack_values(const struct kol_attention *a, uint32_t *ret)
{
    for (int row = 0; row < a->rows; row += 2) {
        const uint16_t *even = a->values + (size_t)row * a->stride, *odd = even + a->stride;

        for (int i = 0; i < WIDTH; i += LANES) {
            const __m512i low = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)(even + i)));
            const __m512i high = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)(odd + i)));

            _mm512_store_si512(ret, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
            ret += LANES;
        }
    }
}

/* ---- products ---- */

/*
 * sums[q][v] += left[q] * right, over count pairs. left: a pair of each query, all lanes of a
 * vector get it; right: [count][KEYS] pairs.
 */
INLINE void multiply(const uint16_t *left, size_t stride, const uint32_t *right, int count,
                     __m512 sums[QUERIES][VECTORS])
{
    for (int pair = 0; pair < count; pair++) {
        __m512bh across[VECTORS];

        UNROLL for (int v = 0; v < VECTORS; v++) across[v] =
            (__m512bh)_mm512_load_si512(right + pair * KEYS + v * LANES);
        UNROLL for (int q = 0; q < QUERIES; q++)
        {
            int32_t both;

            memcpy(&both, left + (size_t)q * stride + 2 * pair, sizeof(both));
            const __m512bh same = (__m512bh)_mm512_set1_epi32(both);
            UNROLL for (int v = 0; v < VECTORS; v++) sums[q][v] =
                _mm512_dpbf16_ps(sums[q][v], across[v], same);
        }
    }
}

INLINE void clear(__m512 sums[QUERIES][VECTORS])
{
    UNROLL for (int q = 0; q < QUERIES; q++) UNROLL for (int v = 0; v < VECTORS; v++) sums[q][v] =
        _mm512_setzero_ps();
}

/* The scores of six queries, and of each the greatest. */
TARGET static void score(const struct kol_attention *a, const uint16_t *queries,
                         const struct work *w, float ret_most[QUERIES])
{
    const size_t row = padded(a->rows);
    __m512 most[QUERIES];

    for (int q = 0; q < QUERIES; q++)
        most[q] = _mm512_set1_ps(-1e30f);
    for (int key = 0; key < a->rows; key += KEYS) {
        __m512 sums[QUERIES][VECTORS];

        clear(sums);
        multiply(queries, a->stride, w->keys + (size_t)key * PAIRS, PAIRS, sums);
        UNROLL for (int q = 0; q < QUERIES; q++) UNROLL for (int v = 0; v < VECTORS; v++)
        {
            _mm512_store_ps(w->scores + (size_t)q * row + key + v * LANES, sums[q][v]);
            most[q] = _mm512_max_ps(most[q], sums[q][v]);
        }
    }
    for (int q = 0; q < QUERIES; q++)
        ret_most[q] = _mm512_reduce_max_ps(most[q]);
}

/* 2^x for x <= 0; as in native_vector.c. */
INLINE __m512 power_of_two(__m512 x)
{
    const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 rest = _mm512_sub_ps(x, whole);
    __m512 p = _mm512_set1_ps(9.5701019e-3f);

    p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(5.5917860e-2f));
    p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(0.24024745f));
    p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(0.69312181f));
    p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(0.99999926f));
    return _mm512_scalef_ps(p, whole);
}

/* Softmax of a row of scores without its division; returns its sum. */
TARGET static float soften(const float *scores, int rows, float most, uint16_t *ret)
{
    const __m512 shift = _mm512_set1_ps(most);
    __m512 sums = _mm512_setzero_ps();

    for (int i = 0; i < rows; i += LANES) {
        const __mmask16 there = _cvtu32_mask16(rows - i < LANES ? (1u << (rows - i)) - 1 : 0xffff);
        const __m512 x = _mm512_sub_ps(_mm512_load_ps(scores + i), shift);
        const __m512 p = _mm512_maskz_mov_ps(there, power_of_two(x));

        sums = _mm512_add_ps(sums, p);
        _mm256_store_si256((__m256i *)(void *)(ret + i), (__m256i)_mm512_cvtneps_pbh(p));
    }
    return _mm512_reduce_add_ps(sums);
}

/* The values, as much of each as softmax says. */
TARGET static void mix(const struct kol_attention *a, const struct work *w,
                       const float sums[QUERIES], uint16_t *ret)
{
    __m512 mixed[QUERIES][VECTORS];

    clear(mixed);
    multiply(w->parts, padded(a->rows), w->values, a->rows / 2, mixed);
    for (int q = 0; q < QUERIES; q++) {
        const __m512 factor = _mm512_set1_ps(1.0f / sums[q]);

        for (int v = 0; v < VECTORS; v++)
            _mm256_storeu_si256((__m256i *)(void *)(ret + (size_t)q * a->ret_stride + v * LANES),
                                (__m256i)_mm512_cvtneps_pbh(_mm512_mul_ps(mixed[q][v], factor)));
    }
}

void kol_attention_run(const struct kol_attention *a, void *work)
{
    const struct work w = lay_out(work, a->rows);
    const size_t row = padded(a->rows);
    float most[QUERIES], sums[QUERIES];

    pack_keys(a, w.keys);
    pack_values(a, w.values);
    for (int first = 0; first < a->rows; first += QUERIES) {
        score(a, a->queries + (size_t)first * a->stride, &w, most);
        for (int q = 0; q < QUERIES; q++)
            sums[q] =
                soften(w.scores + (size_t)q * row, a->rows, most[q], w.parts + (size_t)q * row);
        mix(a, &w, sums, a->ret + (size_t)first * a->ret_stride);
    }
}

#else

bool kol_attention_fits(int width, int rows)
{
    (void)width;
    (void)rows;
    return false;
}

size_t kol_attention_room(int rows)
{
    (void)rows;
    return 0;
}

void kol_attention_run(const struct kol_attention *a, void *work)
{
    (void)a;
    (void)work;
}

#endif
