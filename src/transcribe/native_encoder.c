#include "transcribe/native_weights.h"

#include "base/cleanup.h"
#include "transcribe/native_attention.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- loading ---- */

static void free_norm(struct kol_native_norm *n)
{
    free(n->gain);
    free(n->bias);
}

void kol_native_encoder_close(struct kol_native_encoder *e)
{
    if (!e)
        return;
    for (int i = 0; e->layers && i < e->h.audio_layers; i++) {
        struct kol_native_layer *l = &e->layers[i];
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

static enum kol_code load_norm(const struct loader *l, const char *prefix,
                               struct kol_native_norm *ret)
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

static enum kol_code load_layer(const struct loader *l, int i, struct kol_native_layer *ret)
{
    const int width = l->e->h.audio_state;
    const bool int8 = l->e->int8;
    const struct kol_product_conf out = {.n = width, .k = width, .add = true};
    struct kol_product_conf up = {.n = 4 * width, .k = width, .int8 = int8},
                            down = {.n = width, .k = 4 * width, .int8 = int8, .add = !int8};
    char name[80];

    up.act = int8 ? KOL_LINEAR : KOL_GELU;
    up.compact = !int8;
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

/* From [out][in][KOL_TAPS] to [out][KOL_TAPS][in]: then a product with KOL_TAPS rows that follow
 * each other in memory is the convolution. */
static enum kol_code load_conv(const struct loader *l, const char *name, int in,
                               struct kol_product_conf conf, struct kol_product **ret)
{
    char full[80];

    snprintf(full, sizeof(full), "encoder.%s.weight", name);
    enum kol_code code = kol_native_file_read(
        l->file, full, (const int64_t[4]){KOL_TAPS, in, conf.n, 1}, l->spare, l->err);
    for (size_t out = 0; out < (size_t)conf.n; out++)
        for (size_t i = 0; i < (size_t)in; i++)
            for (size_t tap = 0; tap < KOL_TAPS; tap++)
                l->weights[(out * KOL_TAPS + tap) * (size_t)in + i] =
                    l->spare[(out * (size_t)in + i) * KOL_TAPS + tap];
    snprintf(full, sizeof(full), "encoder.%s.bias", name);
    if (code == KOL_OK)
        code = kol_native_file_read(l->file, full, (const int64_t[4]){1, conf.n, 1, 1}, l->bias,
                                    l->err);
    conf.k = KOL_TAPS * in;
    conf.bias = l->bias;
    return code == KOL_OK ? kol_product_make(l->weights, &conf, ret, l->err) : code;
}

static enum kol_code load_front(const struct loader *l)
{
    struct kol_native_encoder *e = l->e;
    const struct kol_product_conf conv1 = {.n = e->h.audio_state, .act = KOL_GELU, .compact = true},
                                  conv2 = {.n = e->h.audio_state, .act = KOL_GELU};
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

/* The products of attention, of one head, where it is not computed in one go: scores of queries and
 * keys, and the mix of values. */
static enum kol_code make_attention(struct kol_native_encoder *e, struct kol_err *err)
{
    const int ctx = e->h.audio_ctx, head = e->h.audio_state / e->h.audio_heads,
              stride = 3 * e->h.audio_state;
    const struct kol_matrix_conf
        scores = {.m = KOL_QUERIES, .n = ctx, .k = head, .row_step = 1, .column_step = stride},
        mix = {.m = KOL_QUERIES, .n = head, .k = ctx, .row_step = stride, .column_step = 1};
    enum kol_code code = kol_matrix_make(&scores, &e->scores, err);

    return code == KOL_OK ? kol_matrix_make(&mix, &e->mix, err) : code;
}

static enum kol_code load_all(const struct loader *l)
{
    struct kol_native_encoder *e = l->e;
    enum kol_code code = load_front(l);

    for (int i = 0; i < e->h.audio_layers && code == KOL_OK; i++)
        code = load_layer(l, i, &e->layers[i]);
    return code == KOL_OK && !e->fast_attention ? make_attention(e, l->err) : code;
}

enum kol_code kol_native_encoder_open(const struct kol_native_file *f,
                                      struct kol_native_encoder **ret, struct kol_err *err)
{
    KOL_CLEANUP(kol_native_encoder_cleanup)
    struct kol_native_encoder *e = calloc(1, sizeof(*e));

    if (!e)
        return no_memory(err);
    e->h = *kol_native_file_hparams(f);
    if (e->h.audio_ctx % KOL_QUERIES != 0)
        return kol_fail(err, KOL_BAD_INPUT, "an audio context of %d is odd", e->h.audio_ctx);
    /* Where the other way is float. Beside bf16 they save a fifth of a window, and change words. */
    e->int8 = kol_math_has_int8() && !kol_compact_is_bf16() && kol_int8_fits(e->h.audio_state) &&
              kol_int8_fits(4 * e->h.audio_state);
    e->fast_attention = kol_compact_is_bf16() &&
                        kol_attention_fits(e->h.audio_state / e->h.audio_heads, e->h.audio_ctx);
    e->layers = calloc((size_t)e->h.audio_layers, sizeof(*e->layers));
    const size_t width = (size_t)e->h.audio_state,
                 inputs = width > (size_t)e->h.mels ? width : (size_t)e->h.mels;
    const struct loader l = {
        .file = f,
        .e = e,
        .weights = kol_math_alloc(4 * width * inputs, sizeof(float)),
        .spare = kol_math_alloc(KOL_TAPS * width * inputs, sizeof(float)),
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
