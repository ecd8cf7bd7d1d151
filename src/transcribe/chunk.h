/*
 * chunk.h - spans of speech packed into chunks that fill Whisper's 30 s window, and the way back
 * from a time in a chunk to a time in the call.
 *
 * A window costs the same however much of it is speech, so few and full chunks are fast. Chunks
 * hold one channel each, but for at most one per call: when what is left over of both channels fits
 * into one window, it shares one, the second channel after a pause. Who speaks stays known by
 * position. Pure: knows neither engine nor files. Threading: a chunk belongs to one thread at a
 * time.
 */
#ifndef KOL_TRANSCRIBE_CHUNK_H
#define KOL_TRANSCRIBE_CHUNK_H

#include "base/arena.h"
#include "transcribe/vad.h"

enum { KOL_CHUNK_TARGET_MS = 28800, KOL_CHUNK_JOINT_MS = 800 };

/* One span inside a chunk. All in samples. */
struct kol_piece {
    int channel;
    int64_t chunk_at; /* where it begins in the chunk */
    int64_t call_at;  /* where it begins in the channel */
    int64_t length;
    float prob; /* of being speech */
};

struct kol_chunk {
    struct kol_piece *pieces; /* by channel, then time; touching but for the joint; in the arena */
    size_t piece_count;
    size_t joint; /* first piece of the second channel; 0: there is only one */
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

struct kol_speech_list { /* of one channel */
    const struct kol_speech *spans;
    size_t count;
};

/* All chunks of a call, without their samples, by where they begin. Errors: NO_MEMORY. */
enum kol_code kol_chunks_make(struct kol_arena *a, const struct kol_speech_list *channels,
                              int channel_count, int target_ms, struct kol_chunk **ret,
                              size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

/* The channel before (0) or after (1) the joint as a chunk of its own, sharing pieces and samples.
 */
struct kol_chunk kol_chunk_side(const struct kol_chunk *c, int side);

/*
 * Copies what a stretch of a channel has of the chunk.
 *
 *   at   sample of the channel where pcm begins; stretches come in order and without holes
 *
 * Errors: NO_MEMORY.
 */
enum kol_code kol_chunk_fill(struct kol_chunk *c, int channel, int64_t at, const int16_t *pcm,
                             size_t count, struct kol_err *err) KOL_MUST_CHECK;
int64_t kol_chunk_start(const struct kol_chunk *c); /* first and one past the last sample of the */
int64_t kol_chunk_end(const struct kol_chunk *c);   /* call that is in it, of any channel */
void kol_chunk_drop_pcm(struct kol_chunk *c);

/* A time in the chunk as a time in the call. Between pieces, an end belongs to the earlier one. */
int64_t kol_chunk_call_ms(const struct kol_chunk *c, int64_t chunk_ms, bool is_end);
/* The piece that a time in the chunk falls into. */
size_t kol_chunk_piece_at(const struct kol_chunk *c, int64_t chunk_ms);

#endif
