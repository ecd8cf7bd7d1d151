#include "transcribe/native_weights.h"

#include "base/cleanup.h"
#include "transcribe/native_attention.h"
#include "transcribe/native_vector.h"
#include <stdlib.h>
#include <string.h>

enum {
    TILE = 300, /* rows of what lies between two products */
    ROWS = 60   /* the same with whole numbers, whose sums stay in the L2 cache */
};

static enum kol_code no_memory(struct kol_err *err)
{
    return kol_fail(err, KOL_NO_MEMORY, "native engine: out of memory");
}

/* ---- the ear ---- */

struct kol_native_ear {
    const struct kol_native_encoder *e;
    struct kol_math *math;
    float *mel_work, *mel; /* [2 * audio_ctx + 2][mels], a row of zeros at each end */
    void *mel_compact;
    float *x;        /* the residual, [audio_ctx][audio_state] */
    void *normed;    /* the same size, compact: what goes into a product */
    void *qkv;       /* [audio_ctx][3 * audio_state]; the first convolution's output before that */
    void *hidden;    /* [TILE][4 * audio_state]; the inputs of convolutions before that */
    int8_t *bytes;   /* what goes into products of whole numbers, [ROWS][4 * audio_state] */
    void *attention; /* see kol_attention_room() */
    int32_t *sums;   /* what comes out, the same size */
    /* without fast attention: */
    void *keys, *values; /* of a head, packed */
    void *queries;       /* [KOL_QUERIES][head] */
    float *scores;       /* [KOL_QUERIES][audio_ctx] */
    void *parts;         /* of softmax, the same size */
    float *mixed;        /* [KOL_QUERIES][head] */
    float *result;
};

void kol_native_ear_close(struct kol_native_ear *ear)
{
    if (!ear)
        return;
    void *const blocks[] = {
        ear->mel_work, ear->mel,    ear->mel_compact, ear->x,       ear->normed,   ear->qkv,
        ear->hidden,   ear->keys,   ear->values,      ear->queries, ear->scores,   ear->parts,
        ear->mixed,    ear->result, ear->bytes,       ear->sums,    ear->attention};

    for (size_t i = 0; i < KOL_COUNT(blocks); i++)
        free(blocks[i]);
    kol_math_close(ear->math);
    free(ear);
}

KOL_DEFINE_CLEANUP(kol_native_ear, kol_native_ear_close)

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

static bool make_rooms(struct kol_native_ear *ear)
{
    const struct kol_native_encoder *e = ear->e;
    const size_t ctx = (size_t)e->h.audio_ctx, width = (size_t)e->h.audio_state,
                 mels = (size_t)e->h.mels, head = width / (size_t)e->h.audio_heads,
                 compact = kol_compact_bytes(), f32 = sizeof(float);
    const size_t inputs = largest(4 * width, KOL_TAPS * mels);
    const size_t queries = e->fast_attention ? 0 : KOL_QUERIES;
    const struct {
        void *place;
        size_t count, size;
    } rooms[] = {
        {&ear->mel_work, kol_native_mel_room(e->mel), f32},
        {&ear->mel, (2 * ctx + 2) * mels, f32},
        {&ear->mel_compact, (2 * ctx + 2) * mels, compact},
        {&ear->x, ctx * width, f32},
        {&ear->normed, ctx * width, compact},
        {&ear->qkv, (3 * ctx + 2) * width, compact},
        {&ear->hidden, TILE * inputs, compact},
        {&ear->keys, queries ? kol_matrix_packed_bytes(e->scores) : 0, 1},
        {&ear->values, queries ? kol_matrix_packed_bytes(e->mix) : 0, 1},
        {&ear->queries, queries * head, compact},
        {&ear->scores, queries * ctx, f32},
        {&ear->parts, queries * ctx, compact},
        {&ear->mixed, queries * head, f32},
        {&ear->result, ctx * width, f32},
        {&ear->bytes, ROWS * 4 * width, 1},
        {&ear->sums, ROWS * 4 * width, sizeof(int32_t)},
        {&ear->attention, queries ? 0 : kol_attention_room(e->h.audio_ctx), 1},
    };

    for (size_t i = 0; i < KOL_COUNT(rooms); i++) {
        void *room = kol_math_alloc(rooms[i].count, rooms[i].size);
        if (!room)
            return false;
        memcpy(rooms[i].place, &room, sizeof(room));
    }
    return true;
}

enum kol_code kol_native_ear_open(const struct kol_native_encoder *e, struct kol_native_ear **ret,
                                  struct kol_err *err)
{
    KOL_CLEANUP(kol_native_ear_cleanup) struct kol_native_ear *ear = calloc(1, sizeof(*ear));

    if (!ear)
        return no_memory(err);
    ear->e = e;
    enum kol_code code = kol_math_open(&ear->math, err);
    if (code != KOL_OK)
        return code;
    if (!make_rooms(ear))
        return no_memory(err);
    *ret = ear;
    ear = NULL;
    return KOL_OK;
}

/* ---- running ---- */

/* Value `at` of compact numbers. */
static char *place(void *base, size_t at)
{
    return (char *)base + at * kol_compact_bytes();
}

/*
 * A convolution over rows of x (each `in` wide, with a row of zeros before the first and one after
 * the last): row r of the result sees KOL_TAPS rows of x from r * stride on.
 */
static enum kol_code convolve(struct kol_native_ear *ear, struct kol_product *p, void *x, int in,
                              int stride, int rows, int out, void *ret, size_t ret_size,
                              struct kol_err *err)
{
    const size_t step = (size_t)stride * (size_t)in, width = KOL_TAPS * (size_t)in;
    enum kol_code code = KOL_OK;

    for (int first = 0; first < rows && code == KOL_OK; first += TILE) {
        const int count = rows - first < TILE ? rows - first : TILE;

        for (int i = 0; i < count; i++)
            memcpy(place(ear->hidden, (size_t)i * width), place(x, (size_t)(first + i) * step),
                   width * kol_compact_bytes());
        code = kol_product_run(p, ear->math, ear->hidden, count,
                               (char *)ret + (size_t)first * (size_t)out * ret_size, err);
    }
    return code;
}

/* Sound to the residual before the first layer. */
static enum kol_code run_front(struct kol_native_ear *ear, const float *pcm, size_t samples,
                               struct kol_err *err)
{
    const struct kol_native_encoder *e = ear->e;
    const int frames = 2 * e->h.audio_ctx, width = e->h.audio_state, mels = e->h.mels;
    const size_t row = (size_t)width * kol_compact_bytes();
    enum kol_code code = kol_native_mel_run(e->mel, ear->math, pcm, samples, frames, ear->mel_work,
                                            ear->mel + mels, err);

    if (code != KOL_OK)
        return code;
    kol_compact(ear->mel, (size_t)(frames + 2) * (size_t)mels, ear->mel_compact);
    memset(ear->qkv, 0, row);
    memset((char *)ear->qkv + (size_t)(frames + 1) * row, 0, row);
    code = convolve(ear, e->conv1, ear->mel_compact, mels, 1, frames, width,
                    place(ear->qkv, (size_t)width), kol_compact_bytes(), err);
    if (code == KOL_OK)
        code = convolve(ear, e->conv2, ear->qkv, width, 2, e->h.audio_ctx, width, ear->x,
                        sizeof(float), err);
    for (size_t i = 0; i < (size_t)e->h.audio_ctx * (size_t)width; i++)
        ear->x[i] += e->positions[i];
    return code;
}

/* Some queries of one head: what they find, to their place in ear->normed. */
static enum kol_code attend_tile(struct kol_native_ear *ear, int head, int first,
                                 struct kol_err *err)
{
    const struct kol_native_encoder *e = ear->e;
    const size_t width = (size_t)e->h.audio_state, size = width / (size_t)e->h.audio_heads,
                 at = (size_t)head * size;
    float sums[KOL_QUERIES];

    for (int i = 0; i < KOL_QUERIES; i++)
        memcpy(place(ear->queries, (size_t)i * size),
               place(ear->qkv, (size_t)(first + i) * 3 * width + at), size * kol_compact_bytes());
    enum kol_code code =
        kol_matrix_run(e->scores, ear->math, ear->queries, ear->keys, NULL, ear->scores, err);
    if (code != KOL_OK)
        return code;
    kol_softmax_parts(ear->scores, KOL_QUERIES, e->h.audio_ctx, kol_compact_is_bf16(), ear->parts,
                      sums);
    code = kol_matrix_run(e->mix, ear->math, ear->parts, ear->values, NULL, ear->mixed, err);
    if (code == KOL_OK)
        kol_divide_rows(ear->mixed, KOL_QUERIES, (int)size, sums, kol_compact_is_bf16(),
                        place(ear->normed, (size_t)first * width + at), width);
    return code;
}

static enum kol_code attend(struct kol_native_ear *ear, int head, struct kol_err *err)
{
    const struct kol_native_encoder *e = ear->e;
    const size_t width = (size_t)e->h.audio_state,
                 at = (size_t)head * (width / (size_t)e->h.audio_heads);
    enum kol_code code =
        kol_matrix_pack(e->scores, ear->math, place(ear->qkv, width + at), ear->keys, err);

    if (code == KOL_OK)
        code =
            kol_matrix_pack(e->mix, ear->math, place(ear->qkv, 2 * width + at), ear->values, err);
    for (int first = 0; first < e->h.audio_ctx && code == KOL_OK; first += KOL_QUERIES)
        code = attend_tile(ear, head, first, err);
    return code;
}

static enum kol_code attend_all(struct kol_native_ear *ear, struct kol_err *err)
{
    const struct kol_native_encoder *e = ear->e;
    const size_t width = (size_t)e->h.audio_state, size = width / (size_t)e->h.audio_heads;
    enum kol_code code = KOL_OK;

    for (int head = 0; head < e->h.audio_heads && code == KOL_OK; head++) {
        const uint16_t *queries = (const uint16_t *)ear->qkv + (size_t)head * size;
        const struct kol_attention a = {
            .queries = queries,
            .keys = queries + width,
            .values = queries + 2 * width,
            .stride = 3 * width,
            .rows = e->h.audio_ctx,
            .ret = (uint16_t *)ear->normed + (size_t)head * size,
            .ret_stride = width,
        };

        if (e->fast_attention)
            kol_attention_run(&a, ear->attention);
        else
            code = attend(ear, head, err);
    }
    return code;
}

static void norm(struct kol_native_ear *ear, const struct kol_native_norm *n)
{
    kol_layer_norm(ear->x, ear->e->h.audio_ctx, ear->e->h.audio_state, n->gain, n->bias,
                   kol_compact_is_bf16(), ear->normed);
}

/* The feed-forward part in whole numbers. A few rows at a time: their sums stay in the L2 cache. */
static enum kol_code feed_int8(struct kol_native_ear *ear, const struct kol_native_layer *l,
                               struct kol_err *err)
{
    const int width = ear->e->h.audio_state;
    const size_t step = ROWS * (size_t)width, end = (size_t)ear->e->h.audio_ctx * (size_t)width;
    float scales[ROWS];
    enum kol_code code = KOL_OK;

    for (size_t at = 0; at < end && code == KOL_OK; at += step) {
        kol_layer_norm_int8(ear->x + at, ROWS, width, l->feed_norm.gain, l->feed_norm.bias,
                            ear->bytes, scales);
        code = kol_product_run(l->up, ear->math, ear->bytes, ROWS, ear->sums, err);
        if (code != KOL_OK)
            break;
        kol_gelu_sums(ear->sums, ROWS, 4 * width, scales, kol_product_columns(l->up), ear->bytes,
                      scales);
        code = kol_product_run(l->down, ear->math, ear->bytes, ROWS, ear->sums, err);
        kol_add_sums(ear->sums, ROWS, width, scales, kol_product_columns(l->down), ear->x + at);
    }
    return code;
}

static enum kol_code feed(struct kol_native_ear *ear, const struct kol_native_layer *l,
                          struct kol_err *err)
{
    const int ctx = ear->e->h.audio_ctx, width = ear->e->h.audio_state;
    enum kol_code code = KOL_OK;

    norm(ear, &l->feed_norm);
    for (int first = 0; first < ctx && code == KOL_OK; first += TILE) {
        const int count = ctx - first < TILE ? ctx - first : TILE;
        const size_t at = (size_t)first * (size_t)width;

        code = kol_product_run(l->up, ear->math, place(ear->normed, at), count, ear->hidden, err);
        if (code == KOL_OK)
            code = kol_product_run(l->down, ear->math, ear->hidden, count, ear->x + at, err);
    }
    return code;
}

static enum kol_code run_layer(struct kol_native_ear *ear, const struct kol_native_layer *l,
                               struct kol_err *err)
{
    const struct kol_native_encoder *e = ear->e;
    const int ctx = e->h.audio_ctx;

    norm(ear, &l->attention_norm);
    enum kol_code code = kol_product_run(l->qkv, ear->math, ear->normed, ctx, ear->qkv, err);
    if (code == KOL_OK)
        code = attend_all(ear, err);
    if (code == KOL_OK)
        code = kol_product_run(l->out, ear->math, ear->normed, ctx, ear->x, err);
    if (code != KOL_OK)
        return code;
    return e->int8 ? feed_int8(ear, l, err) : feed(ear, l, err);
}

enum kol_code kol_native_encode(struct kol_native_ear *ear, const float *pcm, size_t samples,
                                bool (*stop)(void *user), void *user, const float **ret,
                                struct kol_err *err)
{
    const struct kol_native_encoder *e = ear->e;

    if (samples > (size_t)e->h.audio_ctx * 2 * KOL_MEL_HOP)
        return kol_fail(err, KOL_BAD_INPUT, "native engine: more than a window of sound");
    enum kol_code code = run_front(ear, pcm, samples, err);
    for (int i = 0; i < e->h.audio_layers && code == KOL_OK; i++) {
        if (stop && stop(user))
            return kol_fail(err, KOL_CANCELLED, "native engine: stopped");
        code = run_layer(ear, &e->layers[i], err);
    }
    if (code != KOL_OK)
        return code;
    kol_layer_norm(ear->x, e->h.audio_ctx, e->h.audio_state, e->last.gain, e->last.bias, false,
                   ear->result);
    *ret = ear->result;
    return KOL_OK;
}
