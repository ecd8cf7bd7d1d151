#include "transcribe/chunk.h"

#include "transcribe/engine.h"
#include <stdlib.h>
#include <string.h>

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

static void pack(struct kol_chunk *c, const struct kol_speech *spans, size_t count)
{
    int64_t at = 0;

    for (size_t i = 0; i < count; i++) {
        c->pieces[i] = (struct kol_piece){
            .chunk_at = at,
            .call_at = spans[i].start,
            .length = spans[i].end - spans[i].start,
            .prob = spans[i].prob,
        };
        at += c->pieces[i].length;
    }
    c->piece_count = count;
    c->samples = (size_t)at;
}

enum kol_code kol_chunks_make(struct kol_arena *a, int channel, const struct kol_speech *spans,
                              size_t count, int target_ms, struct kol_chunk **ret,
                              size_t *ret_count, struct kol_err *err)
{
    int64_t target = (int64_t)target_ms * KOL_PCM_RATE_HZ / 1000;
    int64_t *lengths = kol_arena_array(a, count + 1, sizeof(*lengths));
    struct kol_piece *pieces = kol_arena_array(a, count + 1, sizeof(*pieces));
    struct kol_chunk *chunks = kol_arena_array(a, count + 1, sizeof(*chunks));
    size_t made = 0;

    if (!lengths || !pieces || !chunks)
        return kol_fail(err, KOL_NO_MEMORY, "plan chunks: out of memory");
    for (size_t i = 0; i < count; i++)
        lengths[i] = spans[i].end - spans[i].start;

    for (size_t i = 0; i < count;) {
        size_t taken = kol_chunk_plan(lengths + i, count - i, target);
        chunks[made] = (struct kol_chunk){.channel = channel, .pieces = pieces + i};
        pack(&chunks[made++], spans + i, taken);
        i += taken;
    }
    *ret = chunks;
    *ret_count = made;
    return KOL_OK;
}

/* ---- Filling ---- */

int64_t kol_chunk_start(const struct kol_chunk *c)
{
    return c->piece_count > 0 ? c->pieces[0].call_at : 0;
}

int64_t kol_chunk_end(const struct kol_chunk *c)
{
    const struct kol_piece *last = &c->pieces[c->piece_count - 1];

    return c->piece_count > 0 ? last->call_at + last->length : 0;
}

enum kol_code kol_chunk_fill(struct kol_chunk *c, int64_t at, const int16_t *pcm, size_t count,
                             struct kol_err *err)
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
        if (from < to)
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

static int64_t ms_of_samples(int64_t samples)
{
    return samples * 1000 / KOL_PCM_RATE_HZ;
}

static int64_t samples_of_ms(int64_t ms)
{
    return ms * KOL_PCM_RATE_HZ / 1000;
}

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
