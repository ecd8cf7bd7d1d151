/*
 * native_attend.h - attention of one head for one token: over the sound, and over the tokens
 * before.
 *
 * Used by: native_decoder.c. Pure. A head is 64 numbers wide in every Whisper model.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_ATTEND_H
#define KOL_TRANSCRIBE_NATIVE_ATTEND_H

#include <stddef.h>
#include <stdint.h>

enum {
    KOL_HEAD = 64,      /* numbers of a head */
    KOL_KEY_BLOCK = 64, /* positions of the sound that lie together */
};

/* How many half-size numbers the keys (or the values) of one head take for so many positions. */
static inline size_t kol_attend_room(int positions)
{
    return (size_t)((positions + KOL_KEY_BLOCK - 1) / KOL_KEY_BLOCK) * KOL_KEY_BLOCK * KOL_HEAD;
}

/*
 * Keeps the keys and values of one head as bfloat16; keys lie in blocks of 64 positions, each block
 * number by number of the head, so that a register holds one number of many positions.
 *
 *   x        the head's first number of the first position; stride floats to the next position
 *   ret      kol_attend_room(positions) numbers, aligned to 64 bytes
 */
void kol_attend_keep_keys(const float *x, size_t stride, int positions, uint16_t *ret);
void kol_attend_keep_values(const float *x, size_t stride, int positions, uint16_t *ret);

/*
 * ret = softmax(q * keys) * values, 64 floats.
 *
 *   q       64 floats, scaled already
 *   scores  working memory for the positions, rounded up to blocks
 */
void kol_attend_sound(const float *q, const uint16_t *keys, const uint16_t *values, int positions,
                      float *scores, float *ret);

/* The same over floats in rows, stride apart: the tokens so far. */
void kol_attend_tokens(const float *q, const float *keys, const float *values, size_t stride,
                       int positions, float *scores, float *ret);

/* ret = (x - mean) / deviation * weight + bias, over a row of count numbers. */
void kol_normalise(const float *x, const float *weight, const float *bias, int count, float *ret);

/* The activation of Whisper's layers, in the form with tanh(). */
void kol_gelu(float *x, size_t count);

#endif
