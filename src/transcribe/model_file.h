/*
 * model_file.h - a strict reader of speech models in ggml format, before anything else touches
 * them.
 *
 * whisper.cpp trusts its files: lengths are used as they stand. So every model is walked through
 * here first, from the magic to the last tensor, and refused when anything does not add up. The
 * weights themselves are skipped, which makes it a matter of milliseconds.
 * Used by: open.c, native_file.c, silero.c, model commands. Threading: pure functions.
 * Source: whisper_model_load() and whisper_vad_init_with_params() of whisper.cpp 1.8.5.
 */
#ifndef KOL_TRANSCRIBE_MODEL_FILE_H
#define KOL_TRANSCRIBE_MODEL_FILE_H

#include "base/err.h"
#include <stdint.h>
#include <stdio.h>

enum { KOL_MODEL_BINS = 201 }; /* frequencies that the mel filters look at */

enum kol_model_kind { KOL_MODEL_WHISPER, KOL_MODEL_VAD };

struct kol_model_info {
    enum kol_model_kind kind;
    int64_t bytes;    /* of the file */
    int tensor_count; /* 0: a model without weights, as whisper.cpp's own tests use them */
    /* of Whisper only */
    int vocab, audio_ctx, audio_state, audio_heads, audio_layers, mels;
    int text_ctx, text_state, text_heads, text_layers;
    const char *weights; /* "f16", "q5_0", ... */
    int64_t filters_at;  /* mels rows of KOL_MODEL_BINS floats */
};

/*
 * Errors: NOT_FOUND, IO; BAD_INPUT when it is no such file, with what is wrong with it.
 * A file without weights is OK here: see tensor_count.
 */
enum kol_code kol_model_probe(const char *path, struct kol_model_info *ret,
                              struct kol_err *err) KOL_MUST_CHECK;

/* A record of weights. Its sizes have been checked: their product is values, below 2^31. */
struct kol_model_tensor {
    const char *name;
    int64_t ne[4];                      /* the first is the fastest; 1 where there are fewer */
    int64_t values;                     /* in all */
    uint32_t type;                      /* enum ggml_type */
    int64_t at;                         /* where its bytes are in the file */
    uint32_t block_values, block_bytes; /* so many values stand in so many bytes */
};

/* Hears what a model is made of, in the order of the file; the arguments live as long as the call.
 * Any other code than OK ends the walk. */
struct kol_model_visitor {
    void *user;
    enum kol_code (*word)(void *user, const char *bytes, size_t len, struct kol_err *err);
    enum kol_code (*tensor)(void *user, const struct kol_model_tensor *tensor, struct kol_err *err);
};

/* The same on an open file, from its start, for those who want to know more. */
enum kol_code kol_model_walk(FILE *file, const char *path, const struct kol_model_visitor *visitor,
                             struct kol_model_info *ret, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_model_open(const char *path, FILE **ret, struct kol_err *err) KOL_MUST_CHECK;

/* The same for the first bytes of a file: could this become a model? For a download's beginning. */
bool kol_model_looks_right(const void *head, size_t len);

/* Memory that a Whisper model takes, with a session for each of so many threads; about. native: in
 * the native engine, which keeps weights in types of its own; else in whisper.cpp. */
int64_t kol_model_memory(const struct kol_model_info *info, int threads, bool native);

/*
 * NO_MEMORY with both numbers when it needs more than this process may still get: of the machine,
 * its control group and its own limits.
 */
enum kol_code kol_model_fits(const struct kol_model_info *info, const char *name, int threads,
                             bool native, struct kol_err *err) KOL_MUST_CHECK;

#endif
