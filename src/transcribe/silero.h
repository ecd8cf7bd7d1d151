/*
 * silero.h - the speech detector: Silero's network, computed here.
 *
 * whisper.cpp builds a graph and walks through it for each window of 32 ms. Here the layers that do
 * not remember anything are products over a block of windows at once, and only the LSTM goes window
 * by window: the same for an eighth of the time.
 * Used by: vad.c. Knows: the network and its file. Does not know: spans, channels.
 * Threading: one struct kol_silero per thread.
 * Source: the published weights; whisper_vad_build_graph() of whisper.cpp 1.8.5 for their meaning,
 * but for the samples before a window, which Silero's own programs hand over (64 of them).
 */
#ifndef KOL_TRANSCRIBE_SILERO_H
#define KOL_TRANSCRIBE_SILERO_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

enum { KOL_SILERO_WINDOW = 512, KOL_SILERO_BLOCK = 64 }; /* samples; windows */

struct kol_silero; /* opaque: weights, the memory of past windows, room to work in */

/*
 * The file is read once, with the strict walk of model_file.h, and may change or vanish afterwards.
 *
 * Errors: NOT_FOUND, IO, NO_MEMORY; BAD_INPUT when it is no such network.
 */
enum kol_code kol_silero_open(const char *path, struct kol_silero **ret,
                              struct kol_err *err) KOL_MUST_CHECK;
void kol_silero_close(struct kol_silero *s); /* NULL is fine */
void kol_silero_reset(struct kol_silero *s); /* forgets what it heard */

/* The probability of speech, 0 to 1, in each of up to KOL_SILERO_BLOCK windows at 16 kHz. */
void kol_silero_run(struct kol_silero *s, const int16_t *pcm, size_t windows, float *ret_probs);

/*
 * Puts the beginning of each window, mirrored, where the end of the one before should be, as
 * whisper.cpp 1.8.5 does; for tests that compare with it. The network was not trained so: it takes
 * a fiftieth of hold music for speech then, and a tenth of that otherwise.
 */
void kol_silero_mirror(struct kol_silero *s, bool on);

/*
 * Computes with another set of kernels than the fastest that this CPU has; for tests.
 *
 *   which  counts from 0, the portable one
 *
 * Returns its name, NULL when there is none or not on this CPU.
 */
const char *kol_silero_use(struct kol_silero *s, size_t which);

#endif
