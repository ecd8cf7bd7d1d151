/*
 * chunk.h - spans of speech of one channel packed into chunks that fill Whisper's 30 s window, and
 * the way back from a time in a chunk to a time in the call.
 *
 * A window costs the same however much of it is speech, so few and full chunks are fast. Pure:
 * knows neither engine nor files. Threading: a chunk belongs to one thread at a time.
 */
#ifndef KOL_TRANSCRIBE_CHUNK_H
#define KOL_TRANSCRIBE_CHUNK_H

#include "base/arena.h"
#include "transcribe/vad.h"

enum { KOL_CHUNK_TARGET_MS = 28000 };

/* One span inside a chunk. All in samples. */
struct kol_piece {
    int64_t chunk_at; /* where it begins in the chunk */
    int64_t call_at;  /* where it begins in the channel */
    int64_t length;
    float prob; /* of being speech */
};

struct kol_chunk {
    int channel;
    struct kol_piece *pieces; /* by time, touching each other; in the arena */
    size_t piece_count;
    size_t samples;
    int16_t *pcm; /* on the heap from the first fill on; NULL before */
};

/*
 * How many of the spans at hand, the last of a channel, make the next chunk. They are shared out
 * evenly over as few chunks as will do: a chunk with a second of speech in it is where Whisper
 * invents.
 *
 *   lengths  of the spans in order
 *   target   longest chunk; a longer span is a chunk of its own
 */
size_t kol_chunk_plan(const int64_t *lengths, size_t count, int64_t target);

/* All chunks of one channel, without their samples. Errors: NO_MEMORY. */
enum kol_code kol_chunks_make(struct kol_arena *a, int channel, const struct kol_speech *spans,
                              size_t count, int target_ms, struct kol_chunk **ret,
                              size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Copies what a stretch of the channel has of the chunk.
 *
 *   at   sample of the channel where pcm begins; stretches come in order and without holes
 *
 * Errors: NO_MEMORY.
 */
enum kol_code kol_chunk_fill(struct kol_chunk *c, int64_t at, const int16_t *pcm, size_t count,
                             struct kol_err *err) KOL_MUST_CHECK;
int64_t kol_chunk_start(const struct kol_chunk *c); /* first and one past the last sample of the */
int64_t kol_chunk_end(const struct kol_chunk *c);   /* channel that is in it */
void kol_chunk_drop_pcm(struct kol_chunk *c);

/* A time in the chunk as a time in the call. At a joint, an end belongs to the earlier piece. */
int64_t kol_chunk_call_ms(const struct kol_chunk *c, int64_t chunk_ms, bool is_end);
/* The piece that a time in the chunk falls into. */
size_t kol_chunk_piece_at(const struct kol_chunk *c, int64_t chunk_ms);

#endif
