/*
 * media.c - see media.h.
 */
#include "base/media.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { ID3_HEADER = 10, MP3_HEADER = 4, MP3_SEARCH = 4096 };

static bool begins(const uint8_t *p, size_t len, size_t at, const char *magic)
{
    size_t n = strlen(magic);
    return len >= at && len - at >= n && memcmp(p + at, magic, n) == 0;
}

/*
 * Length in bytes of the MPEG audio layer III frame with this header, 0 when it is none.
 * Source: ISO/IEC 11172-3 section 2.4.1.3, ISO/IEC 13818-3 for the low sampling rates.
 */
static size_t mp3_frame_bytes(const uint8_t *h)
{
    static const unsigned kbit_v1[16] = {0,   32,  40,  48,  56,  64,  80,  96,
                                         112, 128, 160, 192, 224, 256, 320, 0};
    static const unsigned kbit_v2[16] = {0,  8,  16, 24,  32,  40,  48,  56,
                                         64, 80, 96, 112, 128, 144, 160, 0};
    static const unsigned rate_v1[4] = {44100, 48000, 32000, 0};
    unsigned version = h[1] >> 3 & 3; /* 0: MPEG 2.5, 1: reserved, 2: MPEG 2, 3: MPEG 1 */
    unsigned layer = h[1] >> 1 & 3;   /* 1: layer III */

    if (h[0] != 0xff || (h[1] & 0xe0) != 0xe0 || version == 1 || layer != 1)
        return 0;

    bool v1 = version == 3;
    unsigned kbit = (v1 ? kbit_v1 : kbit_v2)[h[2] >> 4];
    unsigned rate = rate_v1[h[2] >> 2 & 3];
    if (kbit == 0 || rate == 0 || (h[3] & 3) == 2) /* 2 is the reserved emphasis */
        return 0;

    rate >>= v1 ? 0 : version == 2 ? 1 : 2;
    return (v1 ? 144 : 72) * kbit * 1000 / rate + (h[2] >> 1 & 1);
}

/* Two frames in a row of the same kind; one is enough where the file ends before the second. */
static bool mp3_frames_at(const uint8_t *p, size_t len, size_t at)
{
    if (len < at || len - at < MP3_HEADER)
        return false;

    const uint8_t *first = p + at;
    size_t bytes = mp3_frame_bytes(first);
    if (bytes == 0)
        return false;
    if (len - at < bytes + MP3_HEADER)
        return len - at <= bytes; /* a few bytes after one whole frame would be the next header */

    const uint8_t *second = first + bytes;
    return mp3_frame_bytes(second) != 0 && (first[1] & 0xfe) == (second[1] & 0xfe) &&
           (first[2] & 0x0c) == (second[2] & 0x0c);
}

/* What follows an ID3v2 tag: some writers pad behind the size they declare, so look a little on. */
static enum kol_media sniff_tagged(const uint8_t *p, size_t len)
{
    if (len < ID3_HEADER || p[3] < 2 || p[3] > 4 || p[4] == 0xff) /* ID3v2.2 to 2.4 */
        return KOL_MEDIA_UNKNOWN;
    if ((p[6] | p[7] | p[8] | p[9]) & 0x80) /* the size is four times seven bits */
        return KOL_MEDIA_UNKNOWN;

    size_t start =
        ID3_HEADER + ((size_t)p[6] << 21 | (size_t)p[7] << 14 | (size_t)p[8] << 7 | p[9]);
    if (start + MP3_HEADER > len)
        return KOL_MEDIA_MP3; /* the tag is longer than what we see */
    if (begins(p, len, start, "fLaC"))
        return KOL_MEDIA_FLAC;

    for (size_t at = start; at < len && at - start < MP3_SEARCH; at++) {
        if (mp3_frames_at(p, len, at))
            return KOL_MEDIA_MP3;
    }
    return KOL_MEDIA_UNKNOWN;
}

static bool is_m4a(const uint8_t *p, size_t len)
{
    if (len < 12 || !begins(p, len, 4, "ftyp"))
        return false;
    uint32_t box = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return box >= 16 && box <= 4096; /* brand, version and a list of compatible brands */
}

enum kol_media kol_media_sniff(const void *head, size_t len)
{
    const uint8_t *p = head;

    if (begins(p, len, 0, "ID3"))
        return sniff_tagged(p, len);
    if ((begins(p, len, 0, "RIFF") || begins(p, len, 0, "RF64")) && begins(p, len, 8, "WAVE"))
        return KOL_MEDIA_WAV;
    if (begins(p, len, 0, "OggS") && len > 5 && p[4] == 0) /* stream structure version 0 */
        return KOL_MEDIA_OGG;
    if (begins(p, len, 0, "fLaC"))
        return KOL_MEDIA_FLAC;
    if (is_m4a(p, len))
        return KOL_MEDIA_M4A;
    return mp3_frames_at(p, len, 0) ? KOL_MEDIA_MP3 : KOL_MEDIA_UNKNOWN;
}

static const struct {
    const char *ext, *type;
} kinds[KOL_MEDIA_COUNT] = {
#define X(code, ext, type) [KOL_MEDIA_##code] = {ext, type},
    KOL_MEDIA_KINDS(X)
#undef X
};

const char *kol_media_ext(enum kol_media media)
{
    return kinds[media].ext;
}

const char *kol_media_content_type(enum kol_media media)
{
    return kinds[media].type;
}

static bool all_zero(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != 0)
            return false;
    }
    return true;
}

/* Text in any encoding that grew out of ASCII: no control characters but white space. */
static bool all_text(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] == 0x7f || (p[i] < 0x20 && !memchr("\t\n\r\f", p[i], 4)))
            return false;
    }
    return true;
}

const char *kol_media_guess(const void *head, size_t len)
{
    static const struct {
        const char *start, *what;
    } texts[] = {
        {"<?xml", "XML text"},     {"<!doctype html", "an HTML page"},
        {"<html", "an HTML page"}, {"<", "XML text"},
        {"{", "JSON text"},        {"[", "JSON text"},
    };
    const uint8_t *p = head;

    if (len == 0)
        return "nothing (empty)";
    if (all_zero(p, len))
        return "zero bytes";
    if (!all_text(p, len))
        return "unknown binary data";

    while (len > 0 && isspace(*p))
        p++, len--;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t n = strlen(texts[i].start);
        if (len >= n && strncasecmp((const char *)p, texts[i].start, n) == 0)
            return texts[i].what;
    }
    return "plain text";
}
