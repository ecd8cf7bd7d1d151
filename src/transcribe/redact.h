/*
 * redact.h - a transcript without the numbers that its business does not keep.
 */
#ifndef KOL_TRANSCRIBE_REDACT_H
#define KOL_TRANSCRIBE_REDACT_H

#include "transcribe/transcribe.h"

/*
 * Takes numbers out of text, segments (the dropped ones too) and words; see base/redact.h. All that
 * is new lives in a; what pointed to the old words still does.
 *
 *   what  KOL_REDACT_… together
 *
 * Errors: NO_MEMORY.
 */
enum kol_code kol_transcript_redact(struct kol_arena *a, struct kol_transcript *t, unsigned what,
                                    struct kol_err *err) KOL_MUST_CHECK;

#endif
