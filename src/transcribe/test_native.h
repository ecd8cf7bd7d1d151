/*
 * test_native.h - small Whisper models in ggml's format, made of random weights, for the tests of
 * the native engine. Only tests include this.
 */
#ifndef KOL_TRANSCRIBE_TEST_NATIVE_H
#define KOL_TRANSCRIBE_TEST_NATIVE_H

#include "base/test.h"
#include "transcribe/model_file.h"
#include "transcribe/native_file.h"
#include <ggml.h>
#include <math.h>
#include <stdio.h>

/* Always the same numbers, in -1..1. */
static inline float test_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / (float)(1 << 23) - 1.0f;
}

struct test_model {
    FILE *file;
    enum ggml_type type; /* of weights with two or more dimensions */
    uint32_t state;      /* of the random numbers */
};

static inline void test_model_number(const struct test_model *m, int value)
{
    const uint8_t b[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                          (uint8_t)(value >> 24)};
    fwrite(b, 1, 4, m->file);
}

/* Sizes, filters that are half zeros, words of 0, 1, 2 ... bytes. */
static inline void test_model_head(struct test_model *m, const struct kol_native_hparams *h,
                                   int words)
{
    const int head[] = {0x67676d6c,     h->vocab,        h->audio_ctx, h->audio_state,
                        h->audio_heads, h->audio_layers, h->text_ctx,  h->text_state,
                        h->text_heads,  h->text_layers,  h->mels,      1};

    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        test_model_number(m, head[i]);
    test_model_number(m, h->mels);
    test_model_number(m, KOL_MODEL_BINS);
    for (int i = 0; i < h->mels * KOL_MODEL_BINS; i++) {
        const float value = test_random(&m->state);
        fwrite(&(float){value > 0 ? value * 0.01f : 0}, 4, 1, m->file);
    }
    test_model_number(m, words);
    for (int i = 0; i < words; i++) {
        test_model_number(m, i % 7);
        fwrite("word\0xy", 1, (size_t)i % 7, m->file);
    }
}

/* values: NULL for random ones, of about the size that keeps activations near 1. */
static inline void test_model_tensor(struct test_model *m, const char *name, enum ggml_type type,
                                     int dims, const int *ne, const float *values)
{
    const struct ggml_type_traits *traits = ggml_get_type_traits(type);
    int64_t count = 1;

    test_model_number(m, dims);
    test_model_number(m, (int)strlen(name));
    test_model_number(m, (int)type);
    for (int i = 0; i < dims; i++) {
        test_model_number(m, ne[i]);
        count *= ne[i];
    }
    fwrite(name, 1, strlen(name), m->file);
    float *all = calloc((size_t)count, sizeof *all);
    const bool gain = strstr(name, "ln") && strstr(name, "weight");
    const float scale = dims > 1 && ne[0] > 1 ? 2.0f / sqrtf((float)(count / ne[dims - 1])) : 0.2f;
    for (int64_t i = 0; i < count; i++)
        all[i] = values ? values[i] : test_random(&m->state) * scale + (gain ? 1.0f : 0.0f);
    const size_t bytes = (size_t)(count / traits->blck_size) * traits->type_size;
    char *raw = malloc(bytes);
    if (type == GGML_TYPE_F32)
        memcpy(raw, all, bytes);
    else
        ggml_quantize_chunk(type, all, raw, 0, count / ne[0], ne[0], NULL);
    fwrite(raw, 1, bytes, m->file);
    free(raw);
    free(all);
}

static inline void test_model_linear(struct test_model *m, const char *prefix, const char *name,
                                     int in, int out, bool bias)
{
    char full[160];

    snprintf(full, sizeof full, "%s.%s.weight", prefix, name);
    test_model_tensor(m, full, m->type, 2, (int[]){in, out}, NULL);
    snprintf(full, sizeof full, "%s.%s.bias", prefix, name);
    if (bias)
        test_model_tensor(m, full, GGML_TYPE_F32, 1, &out, NULL);
}

static inline void test_model_norm(struct test_model *m, const char *prefix, const char *name,
                                   int width)
{
    char full[160];

    snprintf(full, sizeof full, "%s.%s.weight", prefix, name);
    test_model_tensor(m, full, GGML_TYPE_F32, 1, &width, NULL);
    snprintf(full, sizeof full, "%s.%s.bias", prefix, name);
    test_model_tensor(m, full, GGML_TYPE_F32, 1, &width, NULL);
}

/* Attention with its norm: "attn" or "cross_attn". */
static inline void test_model_attention(struct test_model *m, const char *block, const char *name,
                                        int width)
{
    char norm[80], part[120];

    snprintf(norm, sizeof norm, "%s_ln", name);
    test_model_norm(m, block, norm, width);
    snprintf(part, sizeof part, "%s.%s", block, name);
    test_model_linear(m, part, "query", width, width, true);
    test_model_linear(m, part, "key", width, width, false);
    test_model_linear(m, part, "value", width, width, true);
    test_model_linear(m, part, "out", width, width, true);
}

static inline void test_model_block(struct test_model *m, const char *side, int layer, int width)
{
    char block[60];

    snprintf(block, sizeof block, "%s.blocks.%d", side, layer);
    test_model_norm(m, block, "mlp_ln", width);
    test_model_linear(m, block, "mlp.0", width, 4 * width, true);
    test_model_linear(m, block, "mlp.2", 4 * width, width, true);
    test_model_attention(m, block, "attn", width);
    if (strcmp(side, "decoder") == 0)
        test_model_attention(m, block, "cross_attn", width);
}

/* A whole model. */
static inline void test_model_write(const char *path, const struct kol_native_hparams *h, int words,
                                    enum ggml_type type, uint32_t seed)
{
    struct test_model m = {fopen(path, "wb"), type, seed};
    /* Rows of three values fit no blocks. */
    const enum ggml_type conv = ggml_is_quantized(type) ? GGML_TYPE_F16 : type;
    const int width = h->audio_state, bias[2] = {1, width};

    if (!m.file)
        fail_msg("%s cannot be written", path);
    test_model_head(&m, h, words);
    test_model_tensor(&m, "encoder.positional_embedding", GGML_TYPE_F32, 2,
                      (int[]){width, h->audio_ctx}, NULL);
    test_model_tensor(&m, "encoder.conv1.weight", conv, 3, (int[]){3, h->mels, width}, NULL);
    test_model_tensor(&m, "encoder.conv1.bias", GGML_TYPE_F32, 2, bias, NULL);
    test_model_tensor(&m, "encoder.conv2.weight", conv, 3, (int[]){3, width, width}, NULL);
    test_model_tensor(&m, "encoder.conv2.bias", GGML_TYPE_F32, 2, bias, NULL);
    for (int i = 0; i < h->audio_layers; i++)
        test_model_block(&m, "encoder", i, width);
    test_model_norm(&m, "encoder", "ln_post", width);
    test_model_tensor(&m, "decoder.positional_embedding", GGML_TYPE_F32, 2,
                      (int[]){h->text_state, h->text_ctx}, NULL);
    test_model_tensor(&m, "decoder.token_embedding.weight", m.type, 2,
                      (int[]){h->text_state, h->vocab}, NULL);
    for (int i = 0; i < h->text_layers; i++)
        test_model_block(&m, "decoder", i, h->text_state);
    test_model_norm(&m, "decoder", "ln", h->text_state);
    if (fclose(m.file) != 0)
        fail_msg("%s cannot be written", path);
}

#endif
