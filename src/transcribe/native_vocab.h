/*
 * native_vocab.h - the tokens of a Whisper model: their text, their special ids, and a prompt cut
 * into them.
 *
 * Used by: the native engine. Threading: read-only once made.
 * Source: openai/whisper tokenizer.py; the three sizes of vocabulary are English-only,
 * multilingual, and multilingual with Cantonese (large-v3).
 */
#ifndef KOL_TRANSCRIBE_NATIVE_VOCAB_H
#define KOL_TRANSCRIBE_NATIVE_VOCAB_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all below the end of text is: text. From `first_time` on: times, in steps of 20 ms. */
struct kol_native_ids {
    int vocab;
    bool multilingual;
    int languages; /* their ids follow `start` */
    int32_t end, start, transcribe, previous, no_speech, first_time;
    int32_t blank; /* a lone space; -1: there is none */
};

struct kol_native_vocab; /* opaque */

/* The bytes of a token, or 0 beyond the list; the shape of kol_native_file_token(). */
typedef size_t kol_native_word(const void *source, int id, const char **ret);

/*
 * Copies the words 0..count-1 of source.
 *
 *   vocab  51864, 51865 or 51866; others are BAD_INPUT
 *   count  of the words that source has; those from the end of text on are not text
 *
 * Errors: BAD_INPUT, NO_MEMORY.
 */
enum kol_code kol_native_vocab_new(int vocab, int count, kol_native_word *word, const void *source,
                                   struct kol_native_vocab **ret,
                                   struct kol_err *err) KOL_MUST_CHECK;
void kol_native_vocab_free(struct kol_native_vocab *v); /* NULL is fine */

const struct kol_native_ids *kol_native_vocab_ids(const struct kol_native_vocab *v);

/* The text of a token, NUL-terminated; "" for all that is no text. It may be part of a letter. */
const char *kol_native_vocab_text(const struct kol_native_vocab *v, int32_t id);

/* The token with exactly these bytes; -1: none. */
int32_t kol_native_vocab_find(const struct kol_native_vocab *v, const char *bytes, size_t len);

/* The token of a language code; -1: the model does not know it, or knows only English. */
int32_t kol_native_vocab_language(const struct kol_native_vocab *v, const char *code);

/*
 * Cuts text into tokens as whisper.cpp does: into words, marks and numbers, then each from its
 * beginning into the longest tokens. Returns how many there are; the first `room` of them are in
 * ret.
 */
size_t kol_native_vocab_cut(const struct kol_native_vocab *v, const char *text, int32_t *ret,
                            size_t room);

/*
 * The tokens that stand for no speech: brackets, notes of music, and hyphens and quotes that begin
 * a word. Returns how many; ret has room for KOL_NATIVE_SIGNS.
 */
enum { KOL_NATIVE_SIGNS = 128 };
size_t kol_native_vocab_signs(const struct kol_native_vocab *v, int32_t ret[KOL_NATIVE_SIGNS]);

#endif
