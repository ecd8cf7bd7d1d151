/*
 * native_mel.h - sound to the logarithmic mel spectrum that Whisper hears.
 *
 * Frames of 25 ms every 10 ms under a Hann window, their power spectrum by two products with
 * tables of cosines and sines, the model's mel filters, logarithm, the loudest 80 dB.
 * Used by: native_encoder.c. Threading: the tables are shared by threads.
 * Source: log_mel_spectrogram() of whisper.cpp 1.8.5; openai/whisper, whisper/audio.py.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_MEL_H
#define KOL_TRANSCRIBE_NATIVE_MEL_H

#include "transcribe/native_math.h"

enum { KOL_MEL_HOP = 160 }; /* samples from one frame to the next */

struct kol_native_mel; /* the tables */

/* filters: [bands][bins], bins is 201. Errors: NO_MEMORY, ENGINE, BAD_INPUT. */
enum kol_code kol_native_mel_open(const float *filters, int bands, int bins,
                                  struct kol_native_mel **ret, struct kol_err *err) KOL_MUST_CHECK;
void kol_native_mel_close(struct kol_native_mel *m); /* NULL is fine */

/* Floats of working memory that a run needs. */
size_t kol_native_mel_room(const struct kol_native_mel *m);

/*
 * pcm: 16 kHz; behind it is silence. Frames beyond those asked for that still hear pcm count for
 * what is the loudest, as they do in whisper.cpp.
 *
 *   work  see kol_native_mel_room()
 *   ret   [frames][bands]
 */
enum kol_code kol_native_mel_run(const struct kol_native_mel *m, struct kol_math *math,
                                 const float *pcm, size_t samples, int frames, float *work,
                                 float *ret, struct kol_err *err) KOL_MUST_CHECK;

#endif
