#include "transcribe/native_attend.h"

#include "transcribe/native_simd.h"
#include <math.h>

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

/* ---- Keeping ---- */

void kol_attend_keep_keys(const float *x, size_t stride, int positions, uint16_t *ret)
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

void kol_attend_keep_values(const float *x, size_t stride, int positions, uint16_t *ret)
{
    for (int i = 0; i < positions; i++)
        for (int j = 0; j < KOL_HEAD; j++)
            ret[(size_t)i * KOL_HEAD + j] = to_bf16(x[(size_t)i * stride + j]);
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

void kol_attend_sound(const float *q, const uint16_t *keys, const uint16_t *values, int positions,
                      float *scores, float *ret)
{
    sound(q, keys, values, positions, scores, ret);
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
