/*
 * wire.h - the stream that kol-decode writes and its parent reads.
 *
 * Used by: kol-decode (writer) and decode.c (reader); private to src/audio.
 * The reader treats every byte as hostile: whoever broke the decoder writes this stream.
 * Threading: values only.
 *
 * A stream is records: u32 type, u32 payload length, payload; all numbers little-endian.
 *   HEAD  once, first: magic, version, channels, source rate, duration estimate, format and codec
 *   DATA  any number: per channel n samples of s16 at 16 kHz (planar), n >= 1
 *   DONE  last: frames in all DATA, packets that could not be decoded, whether the file ends early
 *   FAIL  last, also instead of HEAD: reason and one line of text
 */
#ifndef KOL_AUDIO_WIRE_H
#define KOL_AUDIO_WIRE_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

enum {
    KOL_WIRE_RATE_HZ = 16000,
    KOL_WIRE_MAX_CHANNELS = 2,
    KOL_WIRE_MAX_FRAMES = 8192, /* per DATA record */
    KOL_WIRE_MAX_TEXT = 200,
    KOL_WIRE_PREFIX_BYTES = 8,
    KOL_WIRE_HEAD_BYTES = 60,
    KOL_WIRE_DONE_BYTES = 16,
    KOL_WIRE_MAX_BYTES =
        KOL_WIRE_PREFIX_BYTES + KOL_WIRE_MAX_FRAMES * KOL_WIRE_MAX_CHANNELS * (int)sizeof(int16_t)
};

/* Why kol-decode gave up. Numbers are part of the stream: append only. */
enum kol_wire_why {
    KOL_WIRE_BAD_MEDIA = 1, /* the file is no recording that we can decode */
    KOL_WIRE_TOO_LONG = 2,  /* longer than allowed */
    KOL_WIRE_IO = 3,        /* the file could not be read */
    KOL_WIRE_NO_JAIL = 4    /* the jail could not be closed: nothing was read */
};

struct kol_wire_head {
    uint32_t channels;       /* 1 or 2 */
    uint32_t source_rate_hz; /* before conversion to 16 kHz */
    int64_t duration_ms;     /* what the file claims, -1: it does not say; may lie */
    char format[16], codec[16];
};

struct kol_wire_done {
    uint64_t frames;
    uint32_t bad_packets; /* left out because they could not be decoded */
    uint32_t cut_short;   /* 1: the file ends well before the length it claims */
};

struct kol_wire_fail {
    enum kol_wire_why why;
    char text[KOL_WIRE_MAX_TEXT + 1];
};

/* Writers: fill buf with one record and return its bytes. */
size_t kol_wire_put_head(uint8_t buf[static KOL_WIRE_MAX_BYTES], const struct kol_wire_head *head);
size_t kol_wire_put_data(uint8_t buf[static KOL_WIRE_MAX_BYTES], unsigned channels,
                         const int16_t *const *planes, size_t frames);
size_t kol_wire_put_done(uint8_t buf[static KOL_WIRE_MAX_BYTES], const struct kol_wire_done *done);
size_t kol_wire_put_fail(uint8_t buf[static KOL_WIRE_MAX_BYTES], enum kol_wire_why why,
                         const char *text);

enum kol_wire_event {
    KOL_WIRE_NEED_MORE, /* no whole record yet */
    KOL_WIRE_HEAD,      /* head is filled, once */
    KOL_WIRE_DATA,      /* data_frames samples wait for kol_wire_copy() */
    KOL_WIRE_DONE,      /* done is filled; nothing may follow */
    KOL_WIRE_FAIL       /* fail is filled; nothing may follow */
};

struct kol_wire_reader {
    uint64_t max_frames; /* given at init: more is TOO_LARGE */
    uint64_t frames;     /* in all DATA so far */
    size_t have;         /* bytes of the record being read */
    size_t data_frames;  /* in the DATA record just read */
    bool has_head, ended;
    struct kol_wire_head head;
    struct kol_wire_done done;
    struct kol_wire_fail fail;
    uint8_t buf[KOL_WIRE_MAX_BYTES];
};

void kol_wire_reader_init(struct kol_wire_reader *r, uint64_t max_frames);

/*
 * Takes bytes up to the end of one record.
 *
 *   ret_used   how many of len were taken; call again with the rest
 *   ret_event  what the last byte completed
 *
 * Errors: CRASHED (no stream that our decoder writes), TOO_LARGE (more frames than allowed); the
 * reader is of no use afterwards.
 */
enum kol_code kol_wire_push(struct kol_wire_reader *r, const void *bytes, size_t len,
                            size_t *ret_used, enum kol_wire_event *ret_event,
                            struct kol_err *err) KOL_MUST_CHECK;

/* Copies samples from..from+count of one channel of the DATA record just read. */
void kol_wire_copy(const struct kol_wire_reader *r, unsigned channel, size_t from, int16_t *dst,
                   size_t count);

#endif
