/*
 * decode_output.h - collects samples into blocks and writes the stream of wire.h to descriptor 1.
 *
 * Used by: kol-decode, inside the jail.
 */
#ifndef KOL_AUDIO_DECODE_OUTPUT_H
#define KOL_AUDIO_DECODE_OUTPUT_H

#include "audio/wire.h"

struct kol_output {
    int fd;
    uint64_t max_frames, frames; /* frames: all that were added */
    unsigned channels;
    size_t pending;
    int16_t planes[KOL_WIRE_MAX_CHANNELS][KOL_WIRE_MAX_FRAMES];
    uint8_t record[KOL_WIRE_MAX_BYTES];
};

/* All return false when nobody reads any more or, for _add, when max_frames is passed. */
bool kol_output_head(struct kol_output *out, const struct kol_wire_head *head);
bool kol_output_add(struct kol_output *out, const int16_t *const *planes, size_t frames);
bool kol_output_done(struct kol_output *out, uint32_t bad_packets, bool cut_short);
bool kol_output_fail(struct kol_output *out, enum kol_wire_why why, const char *text);

#endif
