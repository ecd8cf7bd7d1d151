/*
 * merge.h - the segments of both channels as one conversation.
 *
 * Pure. Who speaks is known by channel, so nothing is guessed; overlapping speech stays in both.
 */
#ifndef KOL_TRANSCRIBE_MERGE_H
#define KOL_TRANSCRIBE_MERGE_H

#include "transcribe/transcribe.h"

/* Sorts by start, then channel. */
void kol_merge_sort(struct kol_segment *segments, size_t count);

/*
 * Drops, with reason "echo", what a channel says at the same time as the other in the same words
 * and much more quietly: the other side's voice leaking into its microphone.
 */
void kol_merge_drop_echo(struct kol_segment *segments, size_t count);

/*
 * The text of the call. With labels: one line per turn, "Agent: ...\n"; without: the plain words.
 * No newline at the end; "" when nothing is kept. NULL: out of memory.
 */
const char *kol_merge_text(struct kol_arena *a, const struct kol_segment *segments, size_t count,
                           bool labels);

#endif
