#include "transcribe/native_encoder.h"

#include "base/cleanup.h"
#include "transcribe/native_math.h"
#include "transcribe/native_mel.h"
#include "transcribe/native_vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TAPS = 3,    /* of the convolutions */
    TILE = 300,  /* rows of what lies between two products */
    QUERIES = 60 /* of one head at a time: their scores and the keys stay in the L2 cache */
};

struct norm {
    float *gain, *bias;
};

struct layer {
    struct norm attention_norm, feed_norm;
    struct kol_product *qkv; /* queries, keys, values side by side */
    struct kol_product *out, *up, *down;
};

struct kol_native_encoder {
    struct kol_native_hparams h;
    struct kol_native_mel *mel;
    struct kol_product *conv1, *conv2;
    float *positions; /* [audio_ctx][audio_state] */
    struct layer *layers;
    struct norm last;
    struct kol_matrix *scores, *mix; /* of QUERIES queries of one head */
};

/* ---- loading ---- */

static void free_norm(struct norm *n)
{
    free(n->gain);
    free(n->bias);
}

void kol_native_encoder_close(struct kol_native_encoder *e)
{
    if (!e)
        return;
    for (int i = 0; e->layers && i < e->h.audio_layers; i++) {
        struct layer *l = &e->layers[i];
        struct kol_product *const products[] = {l->qkv, l->out, l->up, l->down};

        for (size_t p = 0; p < KOL_COUNT(products); p++)
            kol_product_free(products[p]);
        free_norm(&l->attention_norm);
        free_norm(&l->feed_norm);
    }
    kol_matrix_free(e->scores);
    kol_matrix_free(e->mix);
    kol_native_mel_close(e->mel);
    kol_product_free(e->conv1);
    kol_product_free(e->conv2);
    free_norm(&e->last);
    free(e->positions);
    free(e->layers);
    free(e);
}

KOL_DEFINE_CLEANUP(kol_native_encoder, kol_native_encoder_close)

/* What loading needs beside the encoder: room for the largest tensors, as floats. */
struct loader {
    const struct kol_native_file *file;
    struct kol_native_encoder *e;
    float *weights, *spare, *bias;
    struct kol_err *err;
};

static enum kol_code no_memory(struct kol_err *err)
{
    return kol_fail(err, KOL_NO_MEMORY, "native engine: out of memory");
}

static enum kol_code read_row(const struct loader *l, const char *name, int64_t count, float *ret)
{
    return kol_native_file_read(l->file, name, (const int64_t[4]){count, 1, 1, 1}, ret, l->err);
}

static enum kol_code load_norm(const struct loader *l, const char *prefix, struct norm *ret)
{
    const int width = l->e->h.audio_state;
    char name[80];

    ret->gain = kol_math_alloc((size_t)width, sizeof(float));
    ret->bias = kol_math_alloc((size_t)width, sizeof(float));
    if (!ret->gain || !ret->bias)
        return no_memory(l->err);
    snprintf(name, sizeof(name), "%s.weight", prefix);
    enum kol_code code = read_row(l, name, width, ret->gain);
    snprintf(name, sizeof(name), "%s.bias", prefix);
    return code == KOL_OK ? read_row(l, name, width, ret->bias) : code;
}

/* weight [out][in] and bias [out] of one linear part of a layer; keys have no bias. */
static enum kol_code read_linear(const struct loader *l, int layer, const char *part, int in,
                                 int out, float *weights, float *bias)
{
    char name[80];

    snprintf(name, sizeof(name), "encoder.blocks.%d.%s.weight", layer, part);
    enum kol_code code =
        kol_native_file_read(l->file, name, (const int64_t[4]){in, out, 1, 1}, weights, l->err);
    if (!bias)
        return code;
    snprintf(name, sizeof(name), "encoder.blocks.%d.%s.bias", layer, part);
    return code == KOL_OK ? read_row(l, name, out, bias) : code;
}

static enum kol_code load_linear(const struct loader *l, int layer, const char *part,
                                 struct kol_product_conf conf, struct kol_product **ret)
{
    enum kol_code code = read_linear(l, layer, part, conf.k, conf.n, l->weights, l->bias);

    conf.bias = l->bias;
    return code == KOL_OK ? kol_product_make(l->weights, &conf, ret, l->err) : code;
}

/* Queries are scaled here, once for all: by 1 / sqrt(width of a head), and by log2(e), since
 * softmax counts in powers of 2. */
static enum kol_code load_qkv(const struct loader *l, int layer, struct kol_product **ret)
{
    const int width = l->e->h.audio_state;
    const size_t square = (size_t)width * (size_t)width;
    const float scale = (float)(M_LOG2E / sqrt((double)width / (double)l->e->h.audio_heads));
    const struct kol_product_conf conf = {
        .n = 3 * width, .k = width, .bias = l->bias, .compact = true};

    memset(l->bias, 0, 3 * (size_t)width * sizeof(float));
    enum kol_code code = read_linear(l, layer, "attn.query", width, width, l->weights, l->bias);
    for (size_t i = 0; i < square; i++)
        l->weights[i] *= scale;
    for (int i = 0; i < width; i++)
        l->bias[i] *= scale;
    if (code == KOL_OK)
        code = read_linear(l, layer, "attn.key", width, width, l->weights + square, NULL);
    if (code == KOL_OK)
        code = read_linear(l, layer, "attn.value", width, width, l->weights + 2 * square,
                           l->bias + 2 * width);
    return code == KOL_OK ? kol_product_make(l->weights, &conf, ret, l->err) : code;
}

static enum kol_code load_layer(const struct loader *l, int i, struct layer *ret)
{
    const int width = l->e->h.audio_state;
    const struct kol_product_conf out = {.n = width, .k = width, .add = true},
                                  up = {.n = 4 * width,
                                        .k = width,
                                        .act = KOL_GELU,
                                        .compact = true},
                                  down = {.n = width, .k = 4 * width, .add = true};
    char name[80];

    snprintf(name, sizeof(name), "encoder.blocks.%d.attn_ln", i);
    enum kol_code code = load_norm(l, name, &ret->attention_norm);
    snprintf(name, sizeof(name), "encoder.blocks.%d.mlp_ln", i);
    if (code == KOL_OK)
        code = load_norm(l, name, &ret->feed_norm);
    if (code == KOL_OK)
        code = load_qkv(l, i, &ret->qkv);
    if (code == KOL_OK)
        code = load_linear(l, i, "attn.out", out, &ret->out);
    if (code == KOL_OK)
        code = load_linear(l, i, "mlp.0", up, &ret->up);
    if (code == KOL_OK)
        code = load_linear(l, i, "mlp.2", down, &ret->down);
    return code;
}

/* From [out][in][TAPS] to [out][TAPS][in]: then a product with TAPS rows that follow each other in
 * memory is the convolution. */
static enum kol_code load_conv(const struct loader *l, const char *name, int in,
                               struct kol_product_conf conf, struct kol_product **ret)
{
    char full[80];

    snprintf(full, sizeof(full), "encoder.%s.weight", name);
    enum kol_code code = kol_native_file_read(
        l->file, full, (const int64_t[4]){TAPS, in, conf.n, 1}, l->spare, l->err);
    for (size_t out = 0; out < (size_t)conf.n; out++)
        for (size_t i = 0; i < (size_t)in; i++)
            for (size_t tap = 0; tap < TAPS; tap++)
                l->weights[(out * TAPS + tap) * (size_t)in + i] =
                    l->spare[(out * (size_t)in + i) * TAPS + tap];
    snprintf(full, sizeof(full), "encoder.%s.bias", name);
    if (code == KOL_OK)
        code = kol_native_file_read(l->file, full, (const int64_t[4]){1, conf.n, 1, 1}, l->bias,
                                    l->err);
    conf.k = TAPS * in;
    conf.bias = l->bias;
    return code == KOL_OK ? kol_product_make(l->weights, &conf, ret, l->err) : code;
}

static enum kol_code load_front(const struct loader *l)
{
    struct kol_native_encoder *e = l->e;
    const struct kol_product_conf conv1 = {.n = e->h.audio_state, .act = KOL_GELU, .compact = true},
                                  conv2 = {.n = e->h.audio_state, .act = KOL_GELU, .add = true};
    int bins;
    const float *filters = kol_native_file_filters(l->file, &bins);

    e->positions = kol_math_alloc((size_t)e->h.audio_ctx * (size_t)e->h.audio_state, sizeof(float));
    if (!e->positions)
        return no_memory(l->err);
    enum kol_code code = kol_native_mel_open(filters, e->h.mels, bins, &e->mel, l->err);
    if (code == KOL_OK)
        code = load_conv(l, "conv1", e->h.mels, conv1, &e->conv1);
    if (code == KOL_OK)
        code = load_conv(l, "conv2", e->h.audio_state, conv2, &e->conv2);
    if (code == KOL_OK)
        code = kol_native_file_read(l->file, "encoder.positional_embedding",
                                    (const int64_t[4]){e->h.audio_state, e->h.audio_ctx, 1, 1},
                                    e->positions, l->err);
    return code == KOL_OK ? load_norm(l, "encoder.ln_post", &e->last) : code;
}

/* The products of attention, of one head: scores of queries and keys, and the mix of values. */
static enum kol_code make_attention(struct kol_native_encoder *e, struct kol_err *err)
{
    const int ctx = e->h.audio_ctx, head = e->h.audio_state / e->h.audio_heads,
              stride = 3 * e->h.audio_state;
    const struct kol_matrix_conf
        scores = {.m = QUERIES, .n = ctx, .k = head, .row_step = 1, .column_step = stride},
        mix = {.m = QUERIES, .n = head, .k = ctx, .row_step = stride, .column_step = 1};
    enum kol_code code = kol_matrix_make(&scores, &e->scores, err);

    return code == KOL_OK ? kol_matrix_make(&mix, &e->mix, err) : code;
}

static enum kol_code load_all(const struct loader *l)
{
    struct kol_native_encoder *e = l->e;
    enum kol_code code = load_front(l);

    for (int i = 0; i < e->h.audio_layers && code == KOL_OK; i++)
        code = load_layer(l, i, &e->layers[i]);
    return code == KOL_OK ? make_attention(e, l->err) : code;
}

enum kol_code kol_native_encoder_open(const struct kol_native_file *f,
                                      struct kol_native_encoder **ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_native_encoder_cleanup)
    struct kol_native_encoder *e = calloc(1, sizeof(*e));

    if (!e)
        return no_memory(err);
    e->h = *kol_native_file_hparams(f);
    if (e->h.audio_ctx % QUERIES != 0)
        return kol_fail(err, KOL_BAD_INPUT, "an audio context of %d is odd", e->h.audio_ctx);
    e->layers = calloc((size_t)e->h.audio_layers, sizeof(*e->layers));
    const size_t width = (size_t)e->h.audio_state,
                 inputs = width > (size_t)e->h.mels ? width : (size_t)e->h.mels;
    const struct loader l = {
        .file = f,
        .e = e,
        .weights = kol_math_alloc(4 * width * inputs, sizeof(float)),
        .spare = kol_math_alloc(TAPS * width * inputs, sizeof(float)),
        .bias = kol_math_alloc(4 * width, sizeof(float)),
        .err = err,
    };
    enum kol_code code =
        e->layers && l.weights && l.spare && l.bias ? load_all(&l) : no_memory(err);
    free(l.weights);
    free(l.spare);
    free(l.bias);
    if (code != KOL_OK)
        return code;
    *ret = e;
    e = NULL;
    return KOL_OK;
}

/* ---- the ear ---- */

struct kol_native_ear {
    const struct kol_native_encoder *e;
    struct kol_math *math;
    float *mel_work, *mel; /* [2 * audio_ctx + 2][mels], a row of zeros at each end */
    void *mel_compact;
    float *x;     /* the residual, [audio_ctx][audio_state] */
    void *normed; /* the same size, compact: what goes into a product */
    void *qkv;    /* [audio_ctx][3 * audio_state]; the first convolution's output before that */
    void *hidden; /* [TILE][4 * audio_state]; the inputs of convolutions before that */
    void *keys, *values; /* of a head, packed */
    void *queries;       /* [QUERIES][head] */
    float *scores;       /* [QUERIES][audio_ctx] */
    void *parts;         /* of softmax, the same size */
    float *mixed;        /* [QUERIES][head] */
    float *result;
};

void kol_native_ear_close(struct kol_native_ear *ear)
{
    if (!ear)
        return;
    void *const blocks[] = {ear->mel_work, ear->mel,    ear->mel_compact, ear->x,      ear->normed,
                            ear->qkv,      ear->hidden, ear->keys,        ear->values, ear->queries,
                            ear->scores,   ear->parts,  ear->mixed,       ear->result};

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
    const size_t inputs = largest(4 * width, TAPS * mels);
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
        {&ear->keys, kol_matrix_packed_bytes(e->scores), 1},
        {&ear->values, kol_matrix_packed_bytes(e->mix), 1},
        {&ear->queries, QUERIES * head, compact},
        {&ear->scores, QUERIES * ctx, f32},
        {&ear->parts, QUERIES * ctx, compact},
        {&ear->mixed, QUERIES * head, f32},
        {&ear->result, ctx * width, f32},
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
 * the last): row r of the result sees TAPS rows of x from r * stride on.
 */
static enum kol_code convolve(struct kol_native_ear *ear, struct kol_product *p, void *x, int in,
                              int stride, int rows, int out, void *ret, size_t ret_size,
                              struct kol_err *err)
{
    const size_t step = (size_t)stride * (size_t)in, width = TAPS * (size_t)in;
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
    memcpy(ear->x, e->positions, (size_t)e->h.audio_ctx * (size_t)width * sizeof(float));
    if (code == KOL_OK)
        code = convolve(ear, e->conv2, ear->qkv, width, 2, e->h.audio_ctx, width, ear->x,
                        sizeof(float), err);
    return code;
}

/* Some queries of one head: what they find, to their place in ear->normed. */
static enum kol_code attend_tile(struct kol_native_ear *ear, int head, int first,
                                 struct kol_err *err)
{
    const struct kol_native_encoder *e = ear->e;
    const size_t width = (size_t)e->h.audio_state, size = width / (size_t)e->h.audio_heads,
                 at = (size_t)head * size;
    float sums[QUERIES];

    for (int i = 0; i < QUERIES; i++)
        memcpy(place(ear->queries, (size_t)i * size),
               place(ear->qkv, (size_t)(first + i) * 3 * width + at), size * kol_compact_bytes());
    enum kol_code code =
        kol_matrix_run(e->scores, ear->math, ear->queries, ear->keys, NULL, ear->scores, err);
    if (code != KOL_OK)
        return code;
    kol_softmax_parts(ear->scores, QUERIES, e->h.audio_ctx, kol_compact_is_bf16(), ear->parts,
                      sums);
    code = kol_matrix_run(e->mix, ear->math, ear->parts, ear->values, NULL, ear->mixed, err);
    if (code == KOL_OK)
        kol_divide_rows(ear->mixed, QUERIES, (int)size, sums, kol_compact_is_bf16(),
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
    for (int first = 0; first < e->h.audio_ctx && code == KOL_OK; first += QUERIES)
        code = attend_tile(ear, head, first, err);
    return code;
}

static void norm(struct kol_native_ear *ear, const struct norm *n)
{
    kol_layer_norm(ear->x, ear->e->h.audio_ctx, ear->e->h.audio_state, n->gain, n->bias,
                   kol_compact_is_bf16(), ear->normed);
}

static enum kol_code run_layer(struct kol_native_ear *ear, const struct layer *l,
                               struct kol_err *err)
{
    const struct kol_native_encoder *e = ear->e;
    const int ctx = e->h.audio_ctx, width = e->h.audio_state;

    norm(ear, &l->attention_norm);
    enum kol_code code = kol_product_run(l->qkv, ear->math, ear->normed, ctx, ear->qkv, err);
    for (int head = 0; head < e->h.audio_heads && code == KOL_OK; head++)
        code = attend(ear, head, err);
    if (code == KOL_OK)
        code = kol_product_run(l->out, ear->math, ear->normed, ctx, ear->x, err);
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
