/*
 * decoded.h - what the engines that decode in this process share: the tokens of a run cut into
 * segments, and when a run is worth another try.
 *
 * Used by: engine_whisper.c, engine_native.c. Pure.
 */
#ifndef KOL_TRANSCRIBE_DECODED_H
#define KOL_TRANSCRIBE_DECODED_H

#include "transcribe/engine.h"

struct kol_decoded_token {
    int64_t time_ms;  /* it is a time, which ends a segment; -1: it is none */
    const char *text; /* copied; NULL: it is no text, but counts for the log probability */
    float probability, logprob;
    float pause; /* as in struct kol_engine_token */
};

struct kol_decoded {
    struct kol_decoded_token *tokens;
    int count;
    bool looping; /* it was ended because it repeated itself */
    double no_speech_prob;
};

/* "base" for a stock model, else the file's name. */
void kol_decoded_name(const char *path, char ret[static 64]);

/* A run without any text is an empty result. Errors: NO_MEMORY. */
enum kol_code kol_decoded_read(struct kol_arena *a, const struct kol_engine_request *request,
                               const struct kol_decoded *run, struct kol_engine_result *ret,
                               struct kol_err *err) KOL_MUST_CHECK;

/* Tries at one temperature, and those above it where the decoder failed. */
typedef enum kol_code kol_decode_once(struct kol_session *s, struct kol_arena *a,
                                      const struct kol_engine_request *request, double temperature,
                                      struct kol_engine_result *ret, struct kol_err *err);

/* Once at the temperature asked for; once more, a little warmer, when the text is doubtful. The
 * likelier of both is the result. */
enum kol_code kol_decoded_try(kol_decode_once *once, struct kol_session *s, struct kol_arena *a,
                              const struct kol_engine_request *request,
                              struct kol_engine_result *ret, struct kol_err *err) KOL_MUST_CHECK;

/* From one temperature to the next: 0, 0.4, 0.8. Each step costs a whole decoding. */
#define KOL_DECODED_STEP 0.4
/* Lines tried side by side above temperature 0. */
enum { KOL_DECODED_BEST_OF = 2 };

#endif
