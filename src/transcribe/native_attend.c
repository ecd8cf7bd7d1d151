#include "transcribe/native_attend.h"

#include "transcribe/native_simd.h"
#include <math.h>
#include <stdatomic.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { LANES = 16 };

static uint16_t to_bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

KOL_BODY float from_bf16(uint16_t x)
{
    const uint32_t bits = (uint32_t)x << 16;
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* ---- Keeping as bfloat16 ---- */

/* In blocks of 64 positions, each number by number of the head, so that a register holds one number
 * of many positions. */
static void keep_half_keys(const float *x, size_t stride, int positions, uint16_t *ret)
{
    for (int from = 0; from < positions; from += KOL_KEY_BLOCK) {
        const int count = positions - from < KOL_KEY_BLOCK ? positions - from : KOL_KEY_BLOCK;
        uint16_t *block = ret + (size_t)from * KOL_HEAD;

        for (int j = 0; j < count; j++)
            for (int i = 0; i < KOL_HEAD; i++)
                block[i * KOL_KEY_BLOCK + j] = to_bf16(x[(size_t)(from + j) * stride + i]);
        for (int i = 0; i < KOL_HEAD && count < KOL_KEY_BLOCK; i++)
            memset(block + i * KOL_KEY_BLOCK + count, 0,
                   (size_t)(KOL_KEY_BLOCK - count) * sizeof(*block));
    }
}

static void keep_half_values(const float *x, size_t stride, int positions, uint16_t *ret)
{
    for (int i = 0; i < positions; i++)
        for (int j = 0; j < KOL_HEAD; j++)
            ret[(size_t)i * KOL_HEAD + j] = to_bf16(x[(size_t)i * stride + j]);
}

/* ---- Keeping as integers ---- */

/*
 * A block of 64 positions: their numbers plus 128, for one side of a dot product is unsigned, then
 * a scale for each. Keys: 4 numbers of a position side by side, then those of the next position.
 * Values: a number of 4 positions side by side, then the next number.
 */
enum {
    OFFSET = 128,
    BLOCK_NUMBERS = KOL_KEY_BLOCK * KOL_HEAD,
    BLOCK_BYTES = BLOCK_NUMBERS + KOL_KEY_BLOCK * (int)sizeof(float)
};

/* x in 8 bits, times the scale that is returned. */
KOL_BODY float shrink_body(const float *x, uint8_t *ret)
{
    float most = 0;

    for (int i = 0; i < KOL_HEAD; i++) {
        const float size = x[i] < 0 ? -x[i] : x[i];
        most = size > most ? size : most;
    }
    const float by = most > 0 && most < INFINITY ? 127 / most : 0;
    for (int i = 0; i < KOL_HEAD; i++)
        ret[i] = (uint8_t)(kol_round_small(x[i] * by) + OFFSET);
    return most / 127;
}
KOL_EACH_CPU(float, shrink, (const float *x, uint8_t *ret), shrink_body, (x, ret))

static float *scales_of(uint8_t *block)
{
    return (float *)(void *)(block + BLOCK_NUMBERS);
}

static void keep_small(const float *x, size_t stride, int positions, bool values, uint8_t *ret)
{
    uint8_t small[KOL_HEAD];

    for (int i = 0; i < positions; i++) {
        uint8_t *block = ret + (size_t)(i / KOL_KEY_BLOCK) * BLOCK_BYTES;
        const int at = i % KOL_KEY_BLOCK;

        if (at == 0) { /* what no position fills counts nothing */
            memset(block, OFFSET, BLOCK_NUMBERS);
            memset(block + BLOCK_NUMBERS, 0, BLOCK_BYTES - BLOCK_NUMBERS);
        }
        scales_of(block)[at] = shrink(x + (size_t)i * stride, small);
        for (int j = 0; j < KOL_HEAD && values; j++)
            block[at / 4 * 4 * KOL_HEAD + j * 4 + at % 4] = small[j];
        for (int j = 0; j < KOL_HEAD && !values; j += 4)
            memcpy(block + j * KOL_KEY_BLOCK + at * 4, small + j, 4);
    }
}

/* ---- Which of both ---- */

static atomic_bool plain_only;

void kol_attend_plain(bool plain)
{
    atomic_store(&plain_only, plain);
}

static bool use_integers(void)
{
    return kol_cpu_avx512() && !atomic_load(&plain_only);
}

size_t kol_attend_bytes(int positions)
{
    const size_t blocks = (size_t)(positions + KOL_KEY_BLOCK - 1) / KOL_KEY_BLOCK;

    return blocks * (use_integers() ? BLOCK_BYTES : BLOCK_NUMBERS * sizeof(uint16_t));
}

void kol_attend_keep_keys(const float *x, size_t stride, int positions, uint8_t *ret)
{
    if (use_integers())
        keep_small(x, stride, positions, false, ret);
    else
        keep_half_keys(x, stride, positions, (uint16_t *)(void *)ret);
}

void kol_attend_keep_values(const float *x, size_t stride, int positions, uint8_t *ret)
{
    if (use_integers())
        keep_small(x, stride, positions, true, ret);
    else
        keep_half_values(x, stride, positions, (uint16_t *)(void *)ret);
}

/* ---- Attending ---- */

/* scores becomes its softmax, times its sum, which is the answer. */
KOL_BODY float exps_body(float *scores, int count)
{
    float lanes[LANES], max = -INFINITY, sum = 0;
    int i = 0;

    for (int j = 0; j < LANES; j++)
        lanes[j] = -INFINITY;
    for (; i + LANES <= count; i += LANES)
        for (int j = 0; j < LANES; j++)
            lanes[j] = scores[i + j] > lanes[j] ? scores[i + j] : lanes[j];
    for (; i < count; i++)
        max = scores[i] > max ? scores[i] : max;
    for (int j = 0; j < LANES; j++) {
        max = lanes[j] > max ? lanes[j] : max;
        lanes[j] = 0;
    }
    for (i = 0; i + LANES <= count; i += LANES)
        for (int j = 0; j < LANES; j++) {
            scores[i + j] = kol_exp(scores[i + j] - max);
            lanes[j] += scores[i + j];
        }
    for (; i < count; i++) {
        scores[i] = kol_exp(scores[i] - max);
        sum += scores[i];
    }
    for (int j = 0; j < LANES; j++)
        sum += lanes[j];
    return sum;
}

KOL_BODY int sound_body(const float *q, const uint16_t *keys, const uint16_t *values, int positions,
                        float *scores, float *ret)
{
    float sums[KOL_HEAD];

    for (int from = 0; from < positions; from += KOL_KEY_BLOCK) {
        for (int j = 0; j < KOL_KEY_BLOCK; j++)
            sums[j] = 0;
        for (int i = 0; i < KOL_HEAD; i++, keys += KOL_KEY_BLOCK)
            for (int j = 0; j < KOL_KEY_BLOCK; j++)
                sums[j] += q[i] * from_bf16(keys[j]);
        for (int j = 0; j < KOL_KEY_BLOCK; j++)
            scores[from + j] = sums[j];
    }
    const float by = 1 / exps_body(scores, positions);
    for (int j = 0; j < KOL_HEAD; j++)
        sums[j] = 0;
    for (int i = 0; i < positions; i++, values += KOL_HEAD)
        for (int j = 0; j < KOL_HEAD; j++)
            sums[j] += scores[i] * from_bf16(values[j]);
    for (int j = 0; j < KOL_HEAD; j++)
        ret[j] = sums[j] * by;
    return 0;
}
KOL_EACH_CPU(int, sound,
             (const float *q, const uint16_t *keys, const uint16_t *values, int positions,
              float *scores, float *ret),
             sound_body, (q, keys, values, positions, scores, ret))

#if defined(__x86_64__)

/* Numbers as 16 bits in two parts, for what is kept in 8 is multiplied with both. */
struct split {
    float scale; /* of the high part; of the low one, that by 254 */
    int32_t high_sum, low_sum;
    int8_t *high, *low;
};

/* To the nearest, within 8 bits: of what is no number, too, for a broken model. */
static inline __attribute__((always_inline)) KOL_AVX512 __m512i round_small(__m512 x)
{
    const __m512i most = _mm512_set1_epi32(127), least = _mm512_set1_epi32(-127);

    return _mm512_max_epi32(_mm512_min_epi32(_mm512_cvtps_epi32(x), most), least);
}

static inline __attribute__((always_inline)) KOL_AVX512 void split_up(const float *x, int count,
                                                                      float most, struct split *ret)
{
    const float by = most > 0 && most < INFINITY ? 127 / most : 0;

    ret->scale = most / 127;
    ret->high_sum = ret->low_sum = 0;
    for (int i = 0; i < count; i += LANES) {
        const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(x + i), _mm512_set1_ps(by));
        const __m512i high = round_small(scaled);
        const __m512i low = _mm512_cvtps_epi32(
            _mm512_mul_ps(_mm512_sub_ps(scaled, _mm512_cvtepi32_ps(high)), _mm512_set1_ps(254)));

        _mm_storeu_si128((__m128i *)(void *)(ret->high + i), _mm512_cvtsepi32_epi8(high));
        _mm_storeu_si128((__m128i *)(void *)(ret->low + i), _mm512_cvtsepi32_epi8(low));
        ret->high_sum += _mm512_reduce_add_epi32(high);
        ret->low_sum += _mm512_reduce_add_epi32(low);
    }
}

/* Dot products of 64 columns with x: rows of 4 numbers for each column, `steps` of them. */
static inline __attribute__((always_inline)) KOL_AVX512 void
dot_columns(const uint8_t *numbers, const struct split *x, int from, int steps, __m512i *high,
            __m512i *low)
{
    for (int i = 0; i < steps; i++, numbers += 4 * KOL_KEY_BLOCK) {
        int32_t four_high, four_low;

        memcpy(&four_high, x->high + from + 4 * i, 4);
        memcpy(&four_low, x->low + from + 4 * i, 4);
        for (int j = 0; j < 4; j++) {
            const __m512i n = _mm512_load_si512(numbers + j * 64);
            high[j] = _mm512_dpbusd_epi32(high[j], n, _mm512_set1_epi32(four_high));
            low[j] = _mm512_dpbusd_epi32(low[j], n, _mm512_set1_epi32(four_low));
        }
    }
}

static inline __attribute__((always_inline)) KOL_AVX512 __m512 join(__m512i high, __m512i low,
                                                                    float scale)
{
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(high), _mm512_set1_ps(scale),
                           _mm512_mul_ps(_mm512_cvtepi32_ps(low), _mm512_set1_ps(scale / 254)));
}

static inline __attribute__((always_inline)) KOL_AVX512 void begin_sums(const struct split *x,
                                                                        __m512i *high, __m512i *low)
{
    for (int j = 0; j < 4; j++) {
        high[j] = _mm512_set1_epi32(-OFFSET * x->high_sum);
        low[j] = _mm512_set1_epi32(-OFFSET * x->low_sum);
    }
}

KOL_AVX512 static void score_small(const float *q, const uint8_t *keys, int positions,
                                   float *scores)
{
    int8_t high_of[KOL_HEAD], low_of[KOL_HEAD];
    struct split x = {.high = high_of, .low = low_of};
    float most = 0;

    for (int i = 0; i < KOL_HEAD; i++)
        most = fabsf(q[i]) > most ? fabsf(q[i]) : most;
    split_up(q, KOL_HEAD, most, &x);
    for (int from = 0; from < positions; from += KOL_KEY_BLOCK, keys += BLOCK_BYTES) {
        __m512i high[4], low[4];

        begin_sums(&x, high, low);
        dot_columns(keys, &x, 0, KOL_HEAD / 4, high, low);
        for (int j = 0; j < 4; j++)
            _mm512_storeu_ps(scores + from + j * LANES,
                             _mm512_mul_ps(join(high[j], low[j], x.scale),
                                           _mm512_load_ps(keys + BLOCK_NUMBERS + j * 64)));
    }
}

/* The shares of the positions times their values; what no position fills has a scale of 0. */
KOL_AVX512 static void gather_small(float *shares, const uint8_t *values, int positions, float by,
                                    float *ret)
{
    int8_t high_of[KOL_POSITIONS], low_of[KOL_POSITIONS];
    struct split x = {.high = high_of, .low = low_of};
    const int blocks = (positions + KOL_KEY_BLOCK - 1) / KOL_KEY_BLOCK;
    __m512 most = _mm512_setzero_ps();
    __m512i high[4], low[4];

    for (int i = positions; i < blocks * KOL_KEY_BLOCK; i++)
        shares[i] = 0;
    for (int i = 0; i < blocks * KOL_KEY_BLOCK; i += LANES) {
        const uint8_t *scales = values + (size_t)(i / KOL_KEY_BLOCK) * BLOCK_BYTES + BLOCK_NUMBERS +
                                (size_t)(i % KOL_KEY_BLOCK) * sizeof(float);
        const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(shares + i), _mm512_load_ps(scales));
        _mm512_storeu_ps(shares + i, scaled);
        most = _mm512_max_ps(most, scaled);
    }
    split_up(shares, blocks * KOL_KEY_BLOCK, _mm512_reduce_max_ps(most), &x);
    begin_sums(&x, high, low);
    for (int i = 0; i < blocks; i++)
        dot_columns(values + (size_t)i * BLOCK_BYTES, &x, i * KOL_KEY_BLOCK, KOL_KEY_BLOCK / 4,
                    high, low);
    for (int j = 0; j < 4; j++)
        _mm512_storeu_ps(ret + j * LANES,
                         _mm512_mul_ps(join(high[j], low[j], x.scale), _mm512_set1_ps(by)));
}

#else

static void score_small(const float *q, const uint8_t *keys, int positions, float *scores)
{
    (void)q, (void)keys, (void)positions, (void)scores; /* no CPU of this kind gets here */
}

static void gather_small(float *shares, const uint8_t *values, int positions, float by, float *ret)
{
    (void)shares, (void)values, (void)positions, (void)by, (void)ret;
}

#endif

KOL_EACH_CPU(float, exps, (float *scores, int count), exps_body, (scores, count))

void kol_attend_sound(const float *q, const uint8_t *keys, const uint8_t *values, int positions,
                      float *scores, float *ret)
{
    if (use_integers()) {
        score_small(q, keys, positions, scores);
        gather_small(scores, values, positions, 1 / exps(scores, positions), ret);
    } else {
        sound(q, (const uint16_t *)(const void *)keys, (const uint16_t *)(const void *)values,
              positions, scores, ret);
    }
}

KOL_BODY int tokens_body(const float *q, const float *keys, const float *values, size_t stride,
                         int positions, float *scores, float *ret)
{
    float sums[KOL_HEAD];

    for (int i = 0; i < positions; i++, keys += stride) {
        float lanes[LANES] = {0}, dot = 0;
        for (int k = 0; k < KOL_HEAD; k += LANES)
            for (int j = 0; j < LANES; j++)
                lanes[j] += q[k + j] * keys[k + j];
        for (int j = 0; j < LANES; j++)
            dot += lanes[j];
        scores[i] = dot;
    }
    const float by = 1 / exps_body(scores, positions);
    for (int j = 0; j < KOL_HEAD; j++)
        sums[j] = 0;
    for (int i = 0; i < positions; i++, values += stride)
        for (int j = 0; j < KOL_HEAD; j++)
            sums[j] += scores[i] * values[j];
    for (int j = 0; j < KOL_HEAD; j++)
        ret[j] = sums[j] * by;
    return 0;
}
KOL_EACH_CPU(int, tokens,
             (const float *q, const float *keys, const float *values, size_t stride, int positions,
              float *scores, float *ret),
             tokens_body, (q, keys, values, stride, positions, scores, ret))

void kol_attend_tokens(const float *q, const float *keys, const float *values, size_t stride,
                       int positions, float *scores, float *ret)
{
    tokens(q, keys, values, stride, positions, scores, ret);
}

/* ---- The rest of a layer ---- */

void kol_normalise(const float *x, const float *weight, const float *bias, int count, float *ret)
{
    double sum = 0, squares = 0;

    for (int i = 0; i < count; i++)
        sum += x[i];
    const float mean = (float)(sum / count);
    for (int i = 0; i < count; i++)
        squares += (double)(x[i] - mean) * (x[i] - mean);
    const float by = 1 / sqrtf((float)(squares / count) + 1e-5F);
    for (int i = 0; i < count; i++)
        ret[i] = (x[i] - mean) * by * weight[i] + bias[i];
}

KOL_BODY int gelu_body(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) { /* 0.5 x (1 + tanh(u)) = x / (1 + exp(-2 u)) */
        const float twice = 1.5957691216F * x[i] * (1 + 0.044715F * x[i] * x[i]);
        x[i] = x[i] / (1 + kol_exp(-twice));
    }
    return 0;
}
KOL_EACH_CPU(int, gelu, (float *x, size_t count), gelu_body, (x, count))

void kol_gelu(float *x, size_t count)
{
    gelu(x, count);
}
