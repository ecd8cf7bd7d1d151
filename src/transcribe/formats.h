/*
 * formats.h - a transcript as people and programs want it: text, json, srt, vtt, csv.
 *
 * Pure. Used by: kol transcribe, exports.
 */
#ifndef KOL_TRANSCRIBE_FORMATS_H
#define KOL_TRANSCRIBE_FORMATS_H

#include "base/str.h"
#include "transcribe/transcribe.h"

/* X(code, name on the command line, ending of a file) */
#define KOL_TRANSCRIPT_FORMATS(X)                                                                  \
    X(TEXT, "text", "txt")                                                                         \
    X(JSON, "json", "json")                                                                        \
    X(SRT, "srt", "srt")                                                                           \
    X(VTT, "vtt", "vtt")                                                                           \
    X(CSV, "csv", "csv")

enum kol_transcript_format {
#define X(code, name, ending) KOL_TRANSCRIPT_##code,
    KOL_TRANSCRIPT_FORMATS(X)
#undef X
        KOL_TRANSCRIPT_FORMAT_COUNT
};

bool kol_transcript_format_from_name(const char *name, enum kol_transcript_format *ret);
const char *kol_transcript_format_name(enum kol_transcript_format format);
const char *kol_transcript_format_ending(enum kol_transcript_format format); /* without a dot */

struct kol_format_options {
    const char *file; /* named in json; NULL: left out */
    bool file_column; /* csv: the file's name stands first in each row */
    bool continued;   /* csv: no heading, for it stands above already */
    bool dropped;     /* what the filters dropped too, with the reason (json, csv, text) */
};

/* Appends to out; every format ends with a newline. Check kol_str_failed(out) once at the end. */
void kol_transcript_write(struct kol_str *out, enum kol_transcript_format format,
                          const struct kol_transcript *t, const struct kol_format_options *options);

#endif
