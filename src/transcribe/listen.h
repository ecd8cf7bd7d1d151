/*
 * listen.h - what a worker thread does with one chunk: engine, word times, filters.
 *
 * Used by: transcribe.c. A task has an arena of its own, because arenas belong to one thread.
 */
#ifndef KOL_TRANSCRIBE_LISTEN_H
#define KOL_TRANSCRIBE_LISTEN_H

#include "transcribe/chunk.h"
#include "transcribe/pool.h"
#include "transcribe/transcribe.h"

struct kol_listen_options { /* the same for all chunks of a call */
    const char *language;
    const char *prompt;
    int beam;
};

struct kol_listen_task {
    struct kol_task task; /* first: the pool hands back a pointer to it */
    struct kol_chunk *chunk;
    const struct kol_listen_options *options;
    struct kol_arena *arena; /* the task's; holds segments */
    struct kol_segment *segments;
    size_t count;
};

struct kol_detect_task {
    struct kol_task task;
    const struct kol_chunk *chunk;
    const char *const *languages;
    size_t count;
    double probs[KOL_LANGUAGES_MAX];
};

/* NULL: out of memory. Both are handed to kol_pool_add() by their first member. */
struct kol_listen_task *kol_listen_new(struct kol_chunk *chunk,
                                       const struct kol_listen_options *options);
void kol_listen_free(struct kol_listen_task *t); /* with the chunk's samples; NULL is fine */
void kol_detect_init(struct kol_detect_task *t, const struct kol_chunk *chunk,
                     const char *const *languages, size_t count);

#endif
