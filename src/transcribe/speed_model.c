/* speed_model.c - a model of made-up weights: see speed.h. */
#include "base/cleanup.h"
#include "transcribe/speed.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    VOCAB = 51866,
    WIDTH = 1280,
    MELS = 128,
    BINS = 201,
    ENCODER_LAYERS = 32,
    DECODER_LAYERS = 4,
    F32 = 0,
    F16 = 1,
    Q5_0 = 6,
    Q5_0_FILE = 2008, /* the type of a file, with the quantiser's version 2 */
    BLOCK_VALUES = 32,
    BLOCK_BYTES = 22,
    ONE_F16 = 0x2000 /* 2^-7: small, and no denormal */
};

struct writer {
    FILE *file;
    uint32_t random;
};

static void put_number(struct writer *w, uint32_t v)
{
    const uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

    fwrite(b, 1, sizeof(b), w->file);
}

static uint8_t next_byte(struct writer *w)
{
    w->random = w->random * 1664525 + 1013904223;
    return (uint8_t)(w->random >> 24);
}

static void put_values(struct writer *w, uint32_t type, size_t values)
{
    const float little = 0.01F;
    uint8_t block[BLOCK_BYTES] = {0, ONE_F16 >> 8};

    if (type == Q5_0) {
        for (size_t i = 0; i < values / BLOCK_VALUES; i++) {
            block[2 + i % (BLOCK_BYTES - 2)] = next_byte(w); /* one new byte for each is enough */
            fwrite(block, 1, sizeof(block), w->file);
        }
        return;
    }
    for (size_t i = 0; i < values; i++)
        fwrite(type == F16 ? (const void *)block : (const void *)&little, 1, type == F16 ? 2 : 4,
               w->file);
}

/* rows 0: a vector. */
static void put_tensor(struct writer *w, const char *name, uint32_t type, uint32_t columns,
                       uint32_t rows)
{
    put_number(w, rows ? 2 : 1);
    put_number(w, (uint32_t)strlen(name));
    put_number(w, type);
    put_number(w, columns);
    if (rows)
        put_number(w, rows);
    fwrite(name, 1, strlen(name), w->file);
    put_values(w, type, (size_t)columns * (rows ? rows : 1));
}

static void put_convolution(struct writer *w, const char *name, uint32_t inputs)
{
    put_number(w, 3);
    put_number(w, (uint32_t)strlen(name));
    put_number(w, F16);
    put_number(w, 3);
    put_number(w, inputs);
    put_number(w, WIDTH);
    fwrite(name, 1, strlen(name), w->file);
    put_values(w, F16, 3ULL * inputs * WIDTH);
}

/* What one layer has: F32 vectors and matrices, with its name before. */
static void put_layer(struct writer *w, const char *side, int layer, bool cross)
{
    static const struct {
        const char *name;
        uint32_t columns, rows;
        bool cross;
    } parts[] = {
        {"attn_ln.weight", WIDTH, 0, false},
        {"attn_ln.bias", WIDTH, 0, false},
        {"attn.query.weight", WIDTH, WIDTH, false},
        {"attn.query.bias", WIDTH, 0, false},
        {"attn.key.weight", WIDTH, WIDTH, false},
        {"attn.value.weight", WIDTH, WIDTH, false},
        {"attn.value.bias", WIDTH, 0, false},
        {"attn.out.weight", WIDTH, WIDTH, false},
        {"attn.out.bias", WIDTH, 0, false},
        {"mlp_ln.weight", WIDTH, 0, false},
        {"mlp_ln.bias", WIDTH, 0, false},
        {"mlp.0.weight", WIDTH, 4 * WIDTH, false},
        {"mlp.0.bias", 4 * WIDTH, 0, false},
        {"mlp.2.weight", 4 * WIDTH, WIDTH, false},
        {"mlp.2.bias", WIDTH, 0, false},
        {"cross_attn_ln.weight", WIDTH, 0, true},
        {"cross_attn_ln.bias", WIDTH, 0, true},
        {"cross_attn.query.weight", WIDTH, WIDTH, true},
        {"cross_attn.query.bias", WIDTH, 0, true},
        {"cross_attn.key.weight", WIDTH, WIDTH, true},
        {"cross_attn.value.weight", WIDTH, WIDTH, true},
        {"cross_attn.value.bias", WIDTH, 0, true},
        {"cross_attn.out.weight", WIDTH, WIDTH, true},
        {"cross_attn.out.bias", WIDTH, 0, true},
    };
    char name[80];

    for (size_t i = 0; i < KOL_COUNT(parts); i++) {
        if (parts[i].cross && !cross)
            continue;
        snprintf(name, sizeof(name), "%s.blocks.%d.%s", side, layer, parts[i].name);
        put_tensor(w, name, parts[i].rows ? Q5_0 : F32, parts[i].columns, parts[i].rows);
    }
}

static void put_head(struct writer *w)
{
    static const uint32_t head[] = {0x67676d6c, VOCAB, 1500, WIDTH,          20,   ENCODER_LAYERS,
                                    448,        WIDTH, 20,   DECODER_LAYERS, MELS, Q5_0_FILE};

    for (size_t i = 0; i < KOL_COUNT(head); i++)
        put_number(w, head[i]);
    put_number(w, MELS);
    put_number(w, BINS);
    put_values(w, F32, MELS * BINS);
    put_number(w, 1); /* whisper.cpp makes up the other words */
    put_number(w, 1);
    fputc('a', w->file);
}

static void put_ends(struct writer *w)
{
    put_tensor(w, "encoder.positional_embedding", F32, WIDTH, 1500);
    put_convolution(w, "encoder.conv1.weight", MELS);
    put_tensor(w, "encoder.conv1.bias", F32, 1, WIDTH);
    put_convolution(w, "encoder.conv2.weight", WIDTH);
    put_tensor(w, "encoder.conv2.bias", F32, 1, WIDTH);
    put_tensor(w, "encoder.ln_post.weight", F32, WIDTH, 0);
    put_tensor(w, "encoder.ln_post.bias", F32, WIDTH, 0);
    put_tensor(w, "decoder.positional_embedding", F32, WIDTH, 448);
    put_tensor(w, "decoder.token_embedding.weight", Q5_0, WIDTH, VOCAB);
    put_tensor(w, "decoder.ln.weight", F32, WIDTH, 0);
    put_tensor(w, "decoder.ln.bias", F32, WIDTH, 0);
}

enum kol_code kol_speed_write_turbo(int fd, struct kol_err *err)
{
    const int own = dup(fd);
    KOL_CLEANUP(kol_close_file) FILE *file = own >= 0 ? fdopen(own, "wb") : NULL;
    struct writer w = {.file = file, .random = 1};

    if (!file) {
        if (own >= 0)
            close(own);
        return kol_fail(err, KOL_IO, "write the made-up model: %s", strerror(errno));
    }
    put_head(&w);
    put_ends(&w);
    for (int i = 0; i < ENCODER_LAYERS; i++)
        put_layer(&w, "encoder", i, false);
    for (int i = 0; i < DECODER_LAYERS; i++)
        put_layer(&w, "decoder", i, true);
    if (fflush(file) != 0 || ferror(file))
        return kol_fail(err, kol_code_from_errno(errno), "write the made-up model: %s",
                        strerror(errno));
    return KOL_OK;
}
