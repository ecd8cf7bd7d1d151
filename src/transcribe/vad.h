/*
 * vad.h - where in a stream of sound is speech: Silero's probabilities, and spans made of them.
 *
 * Used by: listen.c. Positions are samples at 16 kHz from the start of the channel.
 * Threading: one of each per channel.
 */
#ifndef KOL_TRANSCRIBE_VAD_H
#define KOL_TRANSCRIBE_VAD_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

enum {
    KOL_VAD_WINDOW = 512,
    KOL_VAD_BLOCK = 64
}; /* samples per probability; most windows per call */

struct kol_vad; /* opaque: the network with its memory of the last windows */

/* Errors: NO_MODEL, NO_MEMORY. */
enum kol_code kol_vad_open(const char *path, struct kol_vad **ret,
                           struct kol_err *err) KOL_MUST_CHECK;
void kol_vad_close(struct kol_vad *v); /* NULL is fine */
void kol_vad_reset(struct kol_vad *v); /* what comes next has nothing to do with what came */

/* One probability for each of up to KOL_VAD_BLOCK windows, continuing the stream. Errors: ENGINE.
 */
enum kol_code kol_vad_run(struct kol_vad *v, const int16_t *pcm, size_t windows, float *ret_probs,
                          struct kol_err *err) KOL_MUST_CHECK;

/* ---- Spans: pure ---- */

struct kol_speech {
    int64_t start, end; /* padded; spans never overlap */
    float prob;         /* mean over its windows */
};

struct kol_speech_conf {
    float threshold;    /* speech begins at this, and goes on down to threshold - 0.15 */
    int min_speech_ms;  /* shorter ones are noise */
    float short_prob;   /* mean that the shortest need: single words have it, */
    int short_ms;       /* notes of hold music do not; from here on threshold will do */
    int min_silence_ms; /* that long below ends it */
    int pad_ms;         /* added on both sides; at most half of min_silence_ms */
    int max_ms;         /* longer ones are cut at their least likely window */
};
extern const struct kol_speech_conf kol_speech_conf_default;

enum { KOL_SPEECH_PROBS = 1024 }; /* windows in the longest span: 32 s */

struct kol_speech_finder {
    struct kol_speech_conf conf;
    int64_t at;           /* windows seen */
    int64_t start;        /* first window of the span in progress, -1: none */
    int64_t silence_from; /* first window of the silence that may end it, -1: none */
    int64_t last_end;     /* sample where the last span ended */
    bool cut;             /* the span in progress goes on where a long one was cut: no padding */
    float probs[KOL_SPEECH_PROBS]; /* of the span in progress */
};

void kol_speech_init(struct kol_speech_finder *f, const struct kol_speech_conf *conf);
/* Takes the next window; true: *ret is a span that has ended. */
bool kol_speech_push(struct kol_speech_finder *f, float prob, struct kol_speech *ret);
/* The stream ended after `samples`; true: *ret is the last span. */
bool kol_speech_end(struct kol_speech_finder *f, int64_t samples, struct kol_speech *ret);
/* Nothing before this sample can be part of a span still to come. */
int64_t kol_speech_need_from(const struct kol_speech_finder *f);

#endif
