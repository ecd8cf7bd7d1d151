/*
 * native_encoder.h - the encoder of Whisper on oneDNN: 30 s of sound to audio_ctx rows of features.
 *
 * Mel spectrum, two convolutions as products, layers of self-attention and feed-forward. Products
 * are bf16 where the CPU computes with it, what is added up (the residual, norms, softmax) is
 * float. Attention goes through tiles of queries, so that scores stay in the cache.
 * Used by: engine_native.c, native_decoder.c.
 * Threading: an encoder is shared by threads, an ear belongs to one.
 * Source: the paper "Robust Speech Recognition via Large-Scale Weak Supervision";
 * whisper_build_graph_encoder() of whisper.cpp 1.8.5.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_ENCODER_H
#define KOL_TRANSCRIBE_NATIVE_ENCODER_H

#include "transcribe/native_file.h"

struct kol_native_encoder; /* the weights, packed for the CPU */
struct kol_native_ear;     /* one thread's working memory */

/* The file may be closed afterwards. Errors: BAD_INPUT (tensors are missing), IO, NO_MEMORY,
 * ENGINE. */
enum kol_code kol_native_encoder_open(const struct kol_native_file *f,
                                      struct kol_native_encoder **ret,
                                      struct kol_err *err) KOL_MUST_CHECK;
void kol_native_encoder_close(struct kol_native_encoder *e); /* NULL is fine */

/* Goes before its encoder goes. */
enum kol_code kol_native_ear_open(const struct kol_native_encoder *e, struct kol_native_ear **ret,
                                  struct kol_err *err) KOL_MUST_CHECK;
void kol_native_ear_close(struct kol_native_ear *ear); /* NULL is fine */

/*
 *   pcm   16 kHz mono, at most 30 s; silence follows up to 30 s
 *   stop  asked before each layer; true ends with CANCELLED; NULL: never
 *   ret   [audio_ctx][audio_state]; the ear's until its next run
 *
 * Errors: CANCELLED; BAD_INPUT (too long); NO_MEMORY, ENGINE.
 */
enum kol_code kol_native_encode(struct kol_native_ear *ear, const float *pcm, size_t samples,
                                bool (*stop)(void *user), void *user, const float **ret,
                                struct kol_err *err) KOL_MUST_CHECK;

#endif
