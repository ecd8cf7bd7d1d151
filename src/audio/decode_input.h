/*
 * decode_input.h - the recording as FFmpeg reads it: descriptor 3, by position, nothing else.
 *
 * Used by: kol-decode, inside the jail. Only pread() touches the descriptor.
 */
#ifndef KOL_AUDIO_DECODE_INPUT_H
#define KOL_AUDIO_DECODE_INPUT_H

#include <libavformat/avio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kol_input {
    int fd;
    int64_t size, at;
    bool failed; /* the kernel could not read: not the file's fault */
};

/* Bytes at the start of the file, at most len; -1 when it cannot be read. */
long kol_input_head(struct kol_input *in, void *buf, size_t len);

/* NULL when out of memory. Free with kol_input_io_free(); in must outlive it. */
AVIOContext *kol_input_io_new(struct kol_input *in);
void kol_input_io_free(AVIOContext **io);

#endif
