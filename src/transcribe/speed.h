/*
 * speed.h - how fast a Whisper model is on this machine, whatever its weights hold.
 *
 * One thread per core encodes a window of 30 s and then decodes tokens one by one, all at the same
 * time as in real work; from the two times follows what calls cost. Used by: kol doctor --speed.
 */
#ifndef KOL_TRANSCRIBE_SPEED_H
#define KOL_TRANSCRIBE_SPEED_H

#include "base/err.h"
#include <stdint.h>

struct kol_speed {
    int threads;
    const char *engine;     /* that was measured */
    double encode_ms;       /* one window, with all threads at work */
    double token_ms;        /* one token */
    int64_t resident_bytes; /* of this process, model and sessions loaded */
    /* A minute of a two-channel call in which somebody speaks four fifths of the time. */
    double minute_cpu_ms;
    double real_time_factor;        /* wall time of a call over its length, nothing else to do */
    double hang_up_to_transcript_s; /* of a call of five minutes */
    double call_minutes_per_hour;
};

/* Errors: NO_MODEL, NO_MEMORY with both numbers, ENGINE. Blocks for seconds to a minute or two. */
enum kol_code kol_speed_measure(const char *path, int threads, struct kol_speed *ret,
                                struct kol_err *err) KOL_MUST_CHECK;

/*
 * Writes a model with the shapes of large-v3-turbo in q5_0 and made-up weights: as slow and as
 * large as the real one. fd: an empty file, open for writing. Errors: IO, DISK_FULL.
 */
enum kol_code kol_speed_write_turbo(int fd, struct kol_err *err) KOL_MUST_CHECK;

#endif
