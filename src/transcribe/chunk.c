#include "transcribe/chunk.h"

#include "transcribe/engine.h"
#include <stdlib.h>
#include <string.h>

static int64_t ms_of_samples(int64_t samples)
{
    return samples * 1000 / KOL_PCM_RATE_HZ;
}

static int64_t samples_of_ms(int64_t ms)
{
    return ms * KOL_PCM_RATE_HZ / 1000;
}

/* ---- Planning ---- */

size_t kol_chunk_plan(const int64_t *lengths, size_t count, int64_t target)
{
    int64_t total = 0, sum = 0;

    for (size_t i = 0; i < count; i++)
        total += lengths[i];
    if (count == 0)
        return 0;

    int64_t parts = (total + target - 1) / target;
    int64_t goal = parts > 0 ? total / parts : target;

    for (size_t i = 0; i < count; i++) {
        bool full = sum + lengths[i] > target;
        bool nearer_without = sum + lengths[i] / 2 > goal;
        if (i > 0 && (full || nearer_without))
            return i;
        sum += lengths[i];
    }
    return count;
}

struct packing {
    struct kol_chunk *chunks;
    size_t count;
    struct kol_piece *pieces; /* room for those still to come */
};

/* Puts spans at the end of the newest chunk. */
static void put(struct packing *p, int channel, const struct kol_speech *spans, size_t count)
{
    struct kol_chunk *c = &p->chunks[p->count - 1];
    int64_t at = (int64_t)c->samples;

    for (size_t i = 0; i < count; i++) {
        *p->pieces++ = (struct kol_piece){
            .channel = channel,
            .chunk_at = at,
            .call_at = spans[i].start,
            .length = spans[i].end - spans[i].start,
            .prob = spans[i].prob,
        };
        at += spans[i].end - spans[i].start;
    }
    c->piece_count += count;
    c->samples = (size_t)at;
}

static void begin_chunk(struct packing *p)
{
    p->chunks[p->count++] = (struct kol_chunk){.pieces = p->pieces};
}

static int64_t total_of(const struct kol_speech *spans, size_t count)
{
    int64_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += spans[i].end - spans[i].start;
    return total;
}

/* How many spans from the front fill one chunk. */
static size_t fill_one(const struct kol_speech *spans, size_t count, int64_t target)
{
    int64_t sum = 0;
    size_t i = 0;

    while (i < count && (i == 0 || sum + spans[i].end - spans[i].start <= target)) {
        sum += spans[i].end - spans[i].start;
        i++;
    }
    return i;
}

/* Where the last chunk begins when all before it are filled up. */
static size_t rest_after_full(const struct kol_speech_list *l, int64_t target)
{
    size_t from = 0;

    while (total_of(l->spans + from, l->count - from) > target)
        from += fill_one(l->spans + from, l->count - from, target);
    return from;
}

static void pack_full(struct packing *p, int channel, const struct kol_speech_list *l, size_t until,
                      int64_t target)
{
    for (size_t from = 0; from < until;) {
        size_t n = fill_one(l->spans + from, until - from, target);
        begin_chunk(p);
        put(p, channel, l->spans + from, n);
        from += n;
    }
}

static void pack_evenly(struct packing *p, int channel, const struct kol_speech_list *l,
                        int64_t target, int64_t *lengths)
{
    for (size_t i = 0; i < l->count; i++)
        lengths[i] = l->spans[i].end - l->spans[i].start;
    for (size_t from = 0; from < l->count;) {
        size_t n = kol_chunk_plan(lengths + from, l->count - from, target);
        begin_chunk(p);
        put(p, channel, l->spans + from, n);
        from += n;
    }
}

static size_t count_evenly(const struct kol_speech_list *l, int64_t target, int64_t *lengths)
{
    size_t chunks = 0;

    for (size_t i = 0; i < l->count; i++)
        lengths[i] = l->spans[i].end - l->spans[i].start;
    for (size_t from = 0; from < l->count; chunks++)
        from += kol_chunk_plan(lengths + from, l->count - from, target);
    return chunks;
}

static size_t count_full(const struct kol_speech_list *l, size_t until, int64_t target)
{
    size_t chunks = 0;

    for (size_t from = 0; from < until; chunks++)
        from += fill_one(l->spans + from, until - from, target);
    return chunks;
}

/* When the rests of both channels share a window there is one less to compute. */
static bool pack_shared(struct packing *p, const struct kol_speech_list l[2], int64_t target,
                        int64_t *lengths)
{
    const int64_t joint = samples_of_ms(KOL_CHUNK_JOINT_MS);
    size_t rest[2], apart = 0, together = 1;
    int64_t left = joint;

    for (int c = 0; c < 2; c++) {
        if (l[c].count == 0)
            return false;
        rest[c] = rest_after_full(&l[c], target);
        left += total_of(l[c].spans + rest[c], l[c].count - rest[c]);
        apart += count_evenly(&l[c], target, lengths);
        together += count_full(&l[c], rest[c], target);
    }
    if (left > target || together >= apart)
        return false;

    for (int c = 0; c < 2; c++)
        pack_full(p, c, &l[c], rest[c], target);
    begin_chunk(p);
    put(p, 0, l[0].spans + rest[0], l[0].count - rest[0]);
    p->chunks[p->count - 1].joint = p->chunks[p->count - 1].piece_count;
    p->chunks[p->count - 1].samples += (size_t)joint;
    put(p, 1, l[1].spans + rest[1], l[1].count - rest[1]);
    return true;
}

static int by_start(const void *a, const void *b)
{
    int64_t x = kol_chunk_start(a), y = kol_chunk_start(b);

    return (x > y) - (x < y);
}

enum kol_code kol_chunks_make(struct kol_arena *a, const struct kol_speech_list *channels,
                              int channel_count, int target_ms, struct kol_chunk **ret,
                              size_t *ret_count, struct kol_err *err)
{
    int64_t target = samples_of_ms(target_ms);
    size_t spans = 1;

    for (int c = 0; c < channel_count; c++)
        spans += channels[c].count;
    int64_t *lengths = kol_arena_array(a, spans, sizeof(*lengths));
    struct packing p = {
        .chunks = kol_arena_array(a, spans, sizeof(*p.chunks)),
        .pieces = kol_arena_array(a, spans, sizeof(*p.pieces)),
    };
    if (!lengths || !p.chunks || !p.pieces)
        return kol_fail(err, KOL_NO_MEMORY, "plan chunks: out of memory");

    if (channel_count != 2 || !pack_shared(&p, channels, target, lengths))
        for (int c = 0; c < channel_count; c++)
            pack_evenly(&p, c, &channels[c], target, lengths);
    if (p.count > 0)
        qsort(p.chunks, p.count, sizeof(*p.chunks), by_start);
    *ret = p.chunks;
    *ret_count = p.count;
    return KOL_OK;
}

struct kol_chunk kol_chunk_side(const struct kol_chunk *c, int side)
{
    size_t from = side == 0 ? 0 : c->joint, to = side == 0 ? c->joint : c->piece_count;
    const struct kol_piece *last = &c->pieces[to - 1];

    return (struct kol_chunk){
        .pieces = c->pieces + from,
        .piece_count = to - from,
        .samples = (size_t)(last->chunk_at + last->length),
    };
}

/* ---- Filling ---- */

int64_t kol_chunk_start(const struct kol_chunk *c)
{
    int64_t start = INT64_MAX;

    for (size_t i = 0; i < c->piece_count; i++)
        if (c->pieces[i].call_at < start)
            start = c->pieces[i].call_at;
    return start;
}

int64_t kol_chunk_end(const struct kol_chunk *c)
{
    int64_t end = 0;

    for (size_t i = 0; i < c->piece_count; i++)
        if (c->pieces[i].call_at + c->pieces[i].length > end)
            end = c->pieces[i].call_at + c->pieces[i].length;
    return end;
}

enum kol_code kol_chunk_fill(struct kol_chunk *c, int channel, int64_t at, const int16_t *pcm,
                             size_t count, struct kol_err *err)
{
    int64_t end = at + (int64_t)count;

    if (!c->pcm)
        c->pcm = calloc(c->samples + 1, sizeof(*c->pcm));
    if (!c->pcm)
        return kol_fail(err, KOL_NO_MEMORY, "keep speech: out of memory");

    for (size_t i = 0; i < c->piece_count; i++) {
        const struct kol_piece *p = &c->pieces[i];
        int64_t from = p->call_at > at ? p->call_at : at;
        int64_t to = p->call_at + p->length < end ? p->call_at + p->length : end;
        if (p->channel == channel && from < to)
            memcpy(c->pcm + p->chunk_at + (from - p->call_at), pcm + (from - at),
                   (size_t)(to - from) * sizeof(*pcm));
    }
    return KOL_OK;
}

void kol_chunk_drop_pcm(struct kol_chunk *c)
{
    free(c->pcm);
    c->pcm = NULL;
}

/* ---- Times ---- */

size_t kol_chunk_piece_at(const struct kol_chunk *c, int64_t chunk_ms)
{
    int64_t at = samples_of_ms(chunk_ms);
    size_t i = 0;

    while (i + 1 < c->piece_count && at >= c->pieces[i + 1].chunk_at)
        i++;
    return i;
}

int64_t kol_chunk_call_ms(const struct kol_chunk *c, int64_t chunk_ms, bool is_end)
{
    if (c->piece_count == 0)
        return chunk_ms;

    const struct kol_piece *p =
        &c->pieces[kol_chunk_piece_at(c, is_end && chunk_ms > 0 ? chunk_ms - 1 : chunk_ms)];
    int64_t inside = samples_of_ms(chunk_ms) - p->chunk_at;

    if (inside < 0)
        inside = 0;
    if (inside > p->length)
        inside = p->length;
    return ms_of_samples(p->call_at + inside);
}
