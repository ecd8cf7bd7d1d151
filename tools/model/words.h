/*
 * words.h - what a CTranslate2 model leaves to its tokenizer: the vocabulary, and the mel filters.
 *
 * Source: GPT-2's table of bytes as letters (vocabulary.json and vocabulary.txt of Whisper models
 * hold its letters); librosa.filters.mel with its default "slaney" scale, as OpenAI made
 * mel_filters.npz.
 */
#ifndef KOL_MODEL_WORDS_H
#define KOL_MODEL_WORDS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Filters and vocabulary as a ggml file has them behind its header; the caller frees. Dies with a
 * word when the folder has no vocabulary, or one that does not fit.
 */
uint8_t *words_of_folder(const char *folder, uint32_t n_mels, uint32_t n_vocab, size_t *ret_size);

/* Of convert.c. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...);
void *xmalloc(size_t size);

#endif
