/*
 * native_decoder.h - the half of a Whisper model that writes: from what the encoder made of a
 * sound, and the tokens so far, to a number for every token that may come next.
 *
 * A decoder holds the weights, in 8 bits, and is only read. A pen is one thread's working memory:
 * up to KOL_PEN_LINES texts in the making ("lines"), over up to so many sounds as it was opened
 * for. Steps of several lines in one call read the weights once. Used by: engine_native.c.
 * Threading: a decoder may be shared, a pen may not. Source: the model's definition in
 * openai/whisper model.py.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_DECODER_H
#define KOL_TRANSCRIBE_NATIVE_DECODER_H

#include "base/err.h"
#include "transcribe/native_file.h"
#include <stdbool.h>
#include <stdint.h>

struct kol_native_decoder; /* opaque */
struct kol_native_pen;     /* opaque */

enum { KOL_PEN_LINES = 8 };

/* Errors: BAD_INPUT (a model of another shape), NO_MEMORY, IO. */
enum kol_code kol_native_decoder_open(const struct kol_native_file *f,
                                      struct kol_native_decoder **ret,
                                      struct kol_err *err) KOL_MUST_CHECK;
void kol_native_decoder_close(struct kol_native_decoder *d); /* NULL is fine */

/* sounds: 1..KOL_PEN_LINES. Errors: NO_MEMORY. */
enum kol_code kol_native_pen_open(const struct kol_native_decoder *d, int sounds,
                                  struct kol_native_pen **ret, struct kol_err *err) KOL_MUST_CHECK;
void kol_native_pen_close(struct kol_native_pen *p); /* NULL is fine */

/* Takes a sound for the lines that are to write it down: what the encoder gave for it, a row for
 * every position of a window. */
enum kol_code kol_native_pen_hear(struct kol_native_pen *p, int sound, const float *encoded,
                                  struct kol_err *err) KOL_MUST_CHECK;

struct kol_native_step {
    int line, sound;
    const int32_t *tokens; /* that the line goes on with */
    int count;             /* of them */
    int past;              /* tokens of the line so far: what was after them is forgotten */
};

/*
 * Goes on with several lines, each named once.
 *
 *   ret_logits  for each step one number per token of the vocabulary, for the token after its last
 *               one; the pen's until the next call, and may be written over
 *
 * Errors: BUG (more tokens than the model has room for), NO_MEMORY.
 */
enum kol_code kol_native_write(struct kol_native_pen *p, const struct kol_native_step *steps,
                               int count, float **ret_logits, struct kol_err *err) KOL_MUST_CHECK;

/* The line `to` becomes a copy of the first `past` tokens of `from`. Errors: NO_MEMORY. */
enum kol_code kol_native_pen_copy(struct kol_native_pen *p, int to, int from, int past,
                                  struct kol_err *err) KOL_MUST_CHECK;

/* Forgets all lines and sounds: their memory is cleared. */
void kol_native_pen_wipe(struct kol_native_pen *p);

#endif
