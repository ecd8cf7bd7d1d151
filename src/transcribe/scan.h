/*
 * scan.h - the first pass over a recording: how long it is, and where on each channel somebody
 * speaks.
 *
 * The whole recording is heard before any of it is transcribed. That costs a few milliseconds per
 * second of sound, and then the chunks can be planned evenly, tones of the exchange are known by
 * their cadence, and two identical channels are found out. Nothing of the sound is kept: six hours
 * take some 10 MB. The second pass decodes again and keeps speech only.
 */
#ifndef KOL_TRANSCRIBE_SCAN_H
#define KOL_TRANSCRIBE_SCAN_H

#include "audio/gate.h"
#include "audio/twins.h"
#include "transcribe/pool.h"
#include "transcribe/source.h"
#include "transcribe/transcribe.h"
#include "transcribe/vad.h"

struct kol_scan_channel {
    struct kol_speech *spans; /* of speech, in the arena */
    size_t span_count;
    int64_t speech_samples;
};

struct kol_scan {
    int channels;   /* to transcribe: 1 when both are the same */
    bool identical; /* the recording has two channels with one sound: see audio/twins.h */
    int first;      /* which of them is transcribed */
    struct kol_twins twins;
    int64_t samples; /* per channel */
    bool cut_short;
    struct kol_scan_channel channel[KOL_CHANNELS_MAX];
};

/*
 * Hears all of the source. on_block(samples heard, user) is called after each stretch; anything but
 * KOL_OK ends the scan with that. Errors: those of the source, of the group's tasks, NO_MEMORY.
 */
enum kol_code kol_scan_run(struct kol_arena *a, struct kol_group *group, struct kol_source *source,
                           enum kol_code (*on_block)(int64_t samples, void *user,
                                                     struct kol_err *err),
                           void *user, struct kol_scan *ret, struct kol_err *err) KOL_MUST_CHECK;

/* Pure: window probabilities, less what the gate knows to be no speech, as spans. Errors:
 * NO_MEMORY. */
enum kol_code kol_scan_spans(struct kol_arena *a, float *probs, size_t windows, int64_t samples,
                             const struct kol_span *gate, size_t gate_count,
                             struct kol_scan_channel *ret, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Which windows of a stretch need no voice detector: seconds of silence or of steady hiss, but for
 * the last quarter of a second before a sound. So a long call costs what its speech costs.
 *
 *   windows  of KOL_VAD_WINDOW samples each; ret has room for as many
 */
void kol_scan_quiet(const int16_t *pcm, size_t windows, bool *ret);

#endif
