/*
 * native_attend.h - attention of one head for one token: over the sound, and over the tokens
 * before.
 *
 * Used by: native_decoder.c. Pure. A head is 64 numbers wide in every Whisper model.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_ATTEND_H
#define KOL_TRANSCRIBE_NATIVE_ATTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KOL_HEAD = 64,        /* numbers of a head */
    KOL_KEY_BLOCK = 64,   /* positions of the sound that lie together */
    KOL_POSITIONS = 1536, /* the most there are, rounded up to blocks */
};

/* How many bytes the keys (or the values) of one head take for so many positions. */
size_t kol_attend_bytes(int positions);

/*
 * Keeps the keys or values of one head, in the type that the CPU is fastest with: integers of 8
 * bits with a scale for each position where it has dot products of those, else bfloat16.
 *
 *   x    the head's first number of the first position; stride floats to the next position
 *   ret  kol_attend_bytes(positions), aligned to 64 bytes
 */
void kol_attend_keep_keys(const float *x, size_t stride, int positions, uint8_t *ret);
void kol_attend_keep_values(const float *x, size_t stride, int positions, uint8_t *ret);

/*
 * ret = softmax(q * keys) * values, 64 floats.
 *
 *   q       64 floats, scaled already
 *   scores  working memory for the positions, rounded up to blocks
 */
void kol_attend_sound(const float *q, const uint8_t *keys, const uint8_t *values, int positions,
                      float *scores, float *ret);

/* For tests: bfloat16 whatever the CPU. */
void kol_attend_plain(bool plain);

/* The same over floats in rows, stride apart: the tokens so far. */
void kol_attend_tokens(const float *q, const float *keys, const float *values, size_t stride,
                       int positions, float *scores, float *ret);

/* ret = (x - mean) / deviation * weight + bias, over a row of count numbers. */
void kol_normalise(const float *x, const float *weight, const float *bias, int count, float *ret);

/* The activation of Whisper's layers, in the form with tanh(). */
void kol_gelu(float *x, size_t count);

#endif
