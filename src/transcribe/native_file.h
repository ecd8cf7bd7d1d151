/*
 * native_file.h - a Whisper model in ggml's format for the native engine: its sizes, its words, and
 * its tensors by name as floats, whatever type they have in the file.
 *
 * Opening walks through the file with kol_model_walk(), so that nothing is believed. Tensors are
 * read one by one with pread(): the whole model is never in memory.
 * Used by: native_encoder.c, native_vocab.c, native_decoder.c, engine_native.c.
 * Threading: after opening, all but close may be called by many threads.
 * Source: whisper_model_load() of whisper.cpp 1.8.5.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_FILE_H
#define KOL_TRANSCRIBE_NATIVE_FILE_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct kol_native_hparams {
    int vocab, audio_ctx, audio_state, audio_heads, audio_layers, text_ctx, text_state, text_heads,
        text_layers, mels;
};

struct kol_native_file; /* opaque: an open file and where its tensors are */

/* Errors: NOT_FOUND, IO, NO_MEMORY; BAD_INPUT when it is no Whisper model or one without weights.
 */
enum kol_code kol_native_file_open(const char *path, struct kol_native_file **ret,
                                   struct kol_err *err) KOL_MUST_CHECK;
void kol_native_file_close(struct kol_native_file *f); /* NULL is fine */

/* What these three return lives as long as the file. */
const struct kol_native_hparams *kol_native_file_hparams(const struct kol_native_file *f);
/* The mel filters, [mels][ret_bins]. */
const float *kol_native_file_filters(const struct kol_native_file *f, int *ret_bins);
/* The bytes of a word, which no 0 ends, and how many; of an id beyond the file's list: none. */
size_t kol_native_file_token(const struct kol_native_file *f, int id, const char **ret);
int kol_native_file_token_count(const struct kol_native_file *f);

/*
 * A tensor as floats.
 *
 *   ne   its shape, the first is the fastest; 1 where it has fewer
 *   ret  of the caller, with room for the product of ne
 *
 * Errors: BAD_INPUT with the name when it is absent or has another shape; IO, NO_MEMORY.
 */
enum kol_code kol_native_file_read(const struct kol_native_file *f, const char *name,
                                   const int64_t ne[4], float *ret,
                                   struct kol_err *err) KOL_MUST_CHECK;

#endif
