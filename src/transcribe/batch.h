/*
 * batch.h - many recordings, a few at a time: while one call's last chunks are at work, the next
 * call's first ones already keep the other cores busy.
 *
 * Used by: kol transcribe, the bench.
 */
#ifndef KOL_TRANSCRIBE_BATCH_H
#define KOL_TRANSCRIBE_BATCH_H

#include "transcribe/transcribe.h"

struct kol_batch {
    const char *const *paths;
    size_t count;
    int at_once; /* recordings; 0: two */

    /* For each recording; progress and stop are called as transcribe.h says, one thread at a time.
     */
    const struct kol_transcribe_options *options;

    /*
     * Called once per recording as soon as it is done, one thread at a time, in no certain order.
     *   t    NULL when it failed, which err tells; gone after the call
     */
    void (*done)(size_t index, const struct kol_transcript *t, const struct kol_err *err,
                 void *user);
    /* Progress of one of them; NULL is fine. Instead of options->progress. */
    void (*progress)(size_t index, int64_t done_ms, int64_t total_ms, void *user);
    void *user; /* of done and progress */
};

/* Returns how many failed. A stop ends the rest, which are not reported. */
size_t kol_transcribe_batch(struct kol_transcriber *t, const struct kol_batch *batch);

#endif
