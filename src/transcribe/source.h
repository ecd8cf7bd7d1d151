/*
 * source.h - where the samples come from: a file through kol-decode, or memory (tests).
 *
 * A source can be read from the start more than once. Threading: one thread.
 */
#ifndef KOL_TRANSCRIBE_SOURCE_H
#define KOL_TRANSCRIBE_SOURCE_H

#include "audio/decode.h"

struct kol_source {
    int channels;
    int64_t expected_ms; /* what the file claims, -1: it does not say */
    bool cut_short;      /* after the last read */

    /* from a file */
    struct kol_decode_conf conf;
    const char *path;
    struct kol_decode *decode;

    /* from memory */
    const int16_t *pcm[KOL_DECODE_MAX_CHANNELS];
    size_t samples, at;
};

/* conf, path: borrowed until done. Errors: those of kol_decode_open(). */
enum kol_code kol_source_open_file(struct kol_source *s, const struct kol_decode_conf *conf,
                                   const char *path, struct kol_err *err) KOL_MUST_CHECK;
void kol_source_open_memory(struct kol_source *s, const int16_t *const *pcm, int channels,
                            size_t samples);
enum kol_code kol_source_rewind(struct kol_source *s, struct kol_err *err) KOL_MUST_CHECK;
/* 0 frames: the end. Errors: those of kol_decode_read(). */
enum kol_code kol_source_read(struct kol_source *s, int16_t *const *planes, size_t max_frames,
                              size_t *ret_frames, struct kol_err *err) KOL_MUST_CHECK;
void kol_source_done(struct kol_source *s);

#endif
