/*
 * decode_media.h - one recording from descriptor to samples: the only place that calls FFmpeg.
 *
 * Used by: kol-decode, inside the jail: whatever goes wrong in here costs one process.
 */
#ifndef KOL_AUDIO_DECODE_MEDIA_H
#define KOL_AUDIO_DECODE_MEDIA_H

#include "audio/decode_input.h"
#include "audio/decode_output.h"

/*
 * Decodes all of in and writes the stream from HEAD to DONE to out.
 *
 *   memory_mb  the limit in force, only to name it in a message
 *
 * Errors: BAD_MEDIA, TOO_LARGE (longer than out->max_frames), IO; CANCELLED (nobody reads out).
 */
enum kol_code kol_decode_media(struct kol_input *in, struct kol_output *out, long memory_mb,
                               struct kol_err *err) KOL_MUST_CHECK;

#endif
