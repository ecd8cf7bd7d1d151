/*
 * media.h - which audio format some bytes are, by what they hold and not by any name.
 *
 * Used by: recording (names files), serve (Content-Type), audio (kol-decode chooses its demuxer).
 * Knows: the first bytes of each format. Does not know: FFmpeg; nothing here decodes.
 * Threading: pure functions.
 */
#ifndef KOL_BASE_MEDIA_H
#define KOL_BASE_MEDIA_H

#include <stddef.h>

/* X(code, name and file extension without dot, Content-Type) */
#define KOL_MEDIA_KINDS(X)                                                                         \
    X(UNKNOWN, "", "application/octet-stream")                                                     \
    X(MP3, "mp3", "audio/mpeg")                                                                    \
    X(WAV, "wav", "audio/wav")                                                                     \
    X(OGG, "ogg", "audio/ogg")                                                                     \
    X(M4A, "m4a", "audio/mp4")                                                                     \
    X(FLAC, "flac", "audio/flac")

enum kol_media {
#define X(code, ext, type) KOL_MEDIA_##code,
    KOL_MEDIA_KINDS(X)
#undef X
        KOL_MEDIA_COUNT
};

/* Enough for two frames of any MP3 after its tag's header; more does not hurt, less is fine. */
#define KOL_MEDIA_HEAD_BYTES 4096

/*
 * The format of a file that begins with these bytes.
 *
 *   head   the first len bytes of the file; NULL is fine when len is 0
 *
 * XML, JSON and HTML error bodies, other text, zeros and random bytes are UNKNOWN: a bare MP3 frame
 * header is believed only when a second one follows where the first says, as far as head reaches.
 */
enum kol_media kol_media_sniff(const void *head, size_t len);

const char *kol_media_ext(enum kol_media media);          /* "mp3"; "" for UNKNOWN */
const char *kol_media_content_type(enum kol_media media); /* "audio/mpeg" */

/* What bytes of UNKNOWN look like, for messages: "an HTML page", "JSON text", "nothing (empty)" ...
 */
const char *kol_media_guess(const void *head, size_t len);

#endif
