/*
 * readable.h - telephone numbers and e-mail addresses of a transcript as people write them.
 *
 * Pure. Knows: words of Hebrew and English, said digit by digit, in groups or as the engine wrote
 * them. Changes nothing else: amounts, times, dates and counts stay the words they are, and the
 * order of a line stays the order in which it was said, without marks of direction.
 */
#ifndef KOL_TRANSCRIBE_READABLE_H
#define KOL_TRANSCRIBE_READABLE_H

#include "transcribe/transcribe.h"

/*
 * "zero five two, one two three, four five six seven." -> "052-123-4567.", "דנה שטרודל ג'ימייל
 * נקודה קום" -> "דנה@gmail.com", "david at gmail dot com" -> "david@gmail.com". Segments that
 * change keep in `heard` what they were; words that become one last from the first to the last of
 * them.
 *
 * What was dictated with pauses, and so lies in several segments of one speaker, goes to the one in
 * which it begins; segments that have no words left are gone.
 *
 * Comes after redaction, which so reads what the engine wrote. All that is new lives in a; what
 * pointed to the old words still does. Languages other than Hebrew and English are left alone.
 *
 * Errors: NO_MEMORY.
 */
enum kol_code kol_transcript_readable(struct kol_arena *a, struct kol_transcript *t,
                                      struct kol_err *err) KOL_MUST_CHECK;

#endif
