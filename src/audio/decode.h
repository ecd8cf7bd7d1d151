/*
 * decode.h - a recording as 16 kHz samples, one plane per channel, decoded by a jailed child.
 *
 * Used by: transcribe. Knows: the child kol-decode and its stream. Does not know: audio formats;
 * no byte of a recording is looked at in this process.
 * Threading: one struct kol_decode per thread. The process must not reap children it did not start
 * (no waitpid(-1)), or the reason of a failure is lost.
 * Memory: one block, however long the recording. A reader that is slow just makes the child wait.
 */
#ifndef KOL_AUDIO_DECODE_H
#define KOL_AUDIO_DECODE_H

#include "base/cleanup.h"
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

enum { KOL_DECODE_RATE_HZ = 16000, KOL_DECODE_MAX_CHANNELS = 2 };

struct kol_decode; /* opaque: one running child */

struct kol_decode_conf {
    const char *program; /* path of kol-decode; NULL or "": beside our own executable */
    int max_seconds;     /* longest recording; 0: 6 h */
    int cpu_seconds;     /* CPU time of the child; 0: 120 s (6 h of stereo MP3 take 5) */
    int memory_mb;       /* address space of the child; 0: 512 */
    int64_t wall_ms;     /* longest time that we wait for the child in all; 0: 120 s */
    bool (*stop)(
        void *stop_arg); /* asked at least five times a second; true: give up. NULL: never */
    void *stop_arg;
};

struct kol_decode_info {
    int channels;        /* 1 or 2 */
    int source_rate_hz;  /* of the file; samples come at 16 kHz */
    int64_t duration_ms; /* what the file claims, -1: it does not say; for progress only, may lie */
    char format[16];     /* "mp3", "wav", "ogg", "m4a", "flac" */
    char codec[16];      /* "mp3", "pcm_mulaw", "opus", ... */
};

/* How it ended, once kol_decode_read() has returned 0 frames. */
struct kol_decode_end {
    uint64_t frames;
    uint32_t bad_packets; /* parts that could not be decoded and are missing from the samples */
    bool cut_short;       /* the file ends well before the length it claims; WAV never tells */
};

/*
 * Starts a child on path and waits until it knows what the file is.
 *
 *   conf   borrowed until close; zero members mean the defaults above
 *   path   a regular file; read through a descriptor, the child never learns the name
 *   ret    free with kol_decode_close()
 *
 * Errors: BAD_MEDIA (no recording that we can decode; the message says what it is instead),
 *   TOO_LARGE, BAD_INPUT (not a regular file), NOT_FOUND;
 *   IO, OVERDUE (wall or CPU time), CRASHED (says by which signal), NO_MEMORY;
 *   REFUSED (no kol-decode, or it cannot jail itself here: an operator must look);
 *   CANCELLED (stop said so). kol_decode_read() has the same ones.
 */
enum kol_code kol_decode_open(const struct kol_decode_conf *conf, const char *path,
                              struct kol_decode **ret, struct kol_err *err) KOL_MUST_CHECK;

const struct kol_decode_info *kol_decode_info(const struct kol_decode *d);

/*
 * The next samples.
 *
 *   planes      planes[c] has room for max_frames, for each channel of the info
 *   ret_frames  how many came; 0 is the end, and only after the child confirmed that it is whole
 *
 * After an error, what came before is not to be trusted; close is all that is left to do.
 */
enum kol_code kol_decode_read(struct kol_decode *d, int16_t *const *planes, size_t max_frames,
                              size_t *ret_frames, struct kol_err *err) KOL_MUST_CHECK;

struct kol_decode_end kol_decode_end(const struct kol_decode *d);

/* Kills the child if it still runs and reaps it; at once. NULL is fine. */
void kol_decode_close(struct kol_decode *d);

KOL_DEFINE_CLEANUP(kol_decode, kol_decode_close) /* KOL_CLEANUP(kol_decode_cleanup) */

#endif
