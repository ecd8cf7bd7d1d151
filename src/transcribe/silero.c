#include "transcribe/silero.h"

#include "base/cleanup.h"
#include "transcribe/model_file.h"
#include "transcribe/silero_math.h"
#include <errno.h>
#include <ggml.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The network. A window of 512 samples, with the 64 before it and mirrored by 64 at its end,
 * becomes 4 spectra of 129 bins; four convolutions of 3 taps make 4, 2, 1 and 1 vectors of them;
 * then come the LSTM and a single weighted sum.
 */
enum {
    WINDOW = KOL_SILERO_WINDOW,
    BLOCK = KOL_SILERO_BLOCK,
    EDGE = 64,
    PADDED = WINDOW + 2 * EDGE,
    SPECTRA = 4,
    FRAME = 256, /* samples of a spectrum */
    HOP = 128,
    BINS = 129,
    BIN_PANELS = (BINS + KOL_HALF - 1) / KOL_HALF,
    BINS_ROOM = BIN_PANELS * KOL_HALF,
    TAPS = 3,
    WIDE = 128, /* channels of the outer layers */
    NARROW = 64 /* of the inner ones */
};

/* No real weight is near this. Below it sums of sums stay far from infinity. */
#define WEIGHT_MOST 10000.0F

/* ---- The file ---- */

struct file { /* as it lies there */
    float basis[2 * BINS * FRAME];
    float conv0[WIDE * BINS * TAPS], conv1[NARROW * WIDE * TAPS];
    float conv2[NARROW * NARROW * TAPS], conv3[WIDE * NARROW * TAPS];
    float bias0[WIDE], bias1[NARROW], bias2[NARROW], bias3[WIDE];
    float input[KOL_GATES * KOL_CELL], hidden[KOL_GATES * KOL_CELL];
    float input_bias[KOL_GATES], hidden_bias[KOL_GATES];
    float out[KOL_CELL], out_bias[1];
};

struct wanted {
    const char *name;
    int64_t ne[4];
    float *to;
    bool found;
};

struct walk {
    FILE *file;
    const char *path;
    struct wanted *wanted;
    size_t count;
};

static enum kol_code no_words(void *user, const char *bytes, size_t len, struct kol_err *err)
{
    const struct walk *walk = user;

    (void)bytes;
    (void)len;
    return kol_fail(err, KOL_BAD_INPUT, "%s is no speech detector", walk->path);
}

static enum kol_code take(const struct walk *walk, const struct kol_model_tensor *t, float *to,
                          struct kol_err *err)
{
    const size_t bytes = (size_t)t->values * t->block_bytes;
    KOL_CLEANUP(kol_free_str) char *raw = malloc(bytes);

    if (!raw)
        return kol_fail(err, KOL_NO_MEMORY, "read %s: out of memory", walk->path);
    const ssize_t n = pread(fileno(walk->file), raw, bytes, (off_t)t->at);
    if (n != (ssize_t)bytes)
        return kol_fail(err, KOL_IO, "read %s: %s", walk->path,
                        n < 0 ? strerror(errno) : "it became shorter");
    if (t->type == GGML_TYPE_F32)
        memcpy(to, raw, bytes);
    else
        ggml_fp16_to_fp32_row((const ggml_fp16_t *)(const void *)raw, to, t->values);
    for (int64_t i = 0; i < t->values; i++)
        if (!(fabsf(to[i]) <= WEIGHT_MOST))
            return kol_fail(err, KOL_BAD_INPUT, "%s: a weight of %s is no sensible number",
                            walk->path, t->name);
    return KOL_OK;
}

static enum kol_code take_if_wanted(void *user, const struct kol_model_tensor *t,
                                    struct kol_err *err)
{
    const struct walk *walk = user;

    for (size_t i = 0; i < walk->count; i++) {
        struct wanted *w = &walk->wanted[i];
        if (strcmp(w->name, t->name) != 0)
            continue;
        if (w->found || memcmp(w->ne, t->ne, sizeof(t->ne)) != 0 ||
            (t->type != GGML_TYPE_F32 && t->type != GGML_TYPE_F16))
            return kol_fail(err, KOL_BAD_INPUT,
                            "%s: tensor %s is there twice, or not as it should be", walk->path,
                            t->name);
        w->found = true;
        return take(walk, t, w->to, err);
    }
    return KOL_OK;
}

static enum kol_code walk_file(const char *path, struct wanted *wanted, size_t count,
                               struct kol_err *err)
{
    KOL_CLEANUP(kol_close_file) FILE *file = NULL;
    struct kol_model_info info;
    enum kol_code code = kol_model_open(path, &file, err);

    if (code != KOL_OK)
        return code;
    struct walk walk = {file, path, wanted, count};
    const struct kol_model_visitor visitor = {&walk, no_words, take_if_wanted};
    code = kol_model_walk(file, path, &visitor, &info, err);
    for (size_t i = 0; i < count && code == KOL_OK; i++)
        if (!wanted[i].found)
            return kol_fail(err, KOL_BAD_INPUT, "%s has no tensor %s", path, wanted[i].name);
    return code;
}

static enum kol_code read_file(const char *path, struct file *f, struct kol_err *err)
{
    struct wanted wanted[] = {
        {"_model.stft.forward_basis_buffer", {FRAME, 1, 2 * BINS, 1}, f->basis, false},
        {"_model.encoder.0.reparam_conv.weight", {TAPS, BINS, WIDE, 1}, f->conv0, false},
        {"_model.encoder.0.reparam_conv.bias", {WIDE, 1, 1, 1}, f->bias0, false},
        {"_model.encoder.1.reparam_conv.weight", {TAPS, WIDE, NARROW, 1}, f->conv1, false},
        {"_model.encoder.1.reparam_conv.bias", {NARROW, 1, 1, 1}, f->bias1, false},
        {"_model.encoder.2.reparam_conv.weight", {TAPS, NARROW, NARROW, 1}, f->conv2, false},
        {"_model.encoder.2.reparam_conv.bias", {NARROW, 1, 1, 1}, f->bias2, false},
        {"_model.encoder.3.reparam_conv.weight", {TAPS, NARROW, WIDE, 1}, f->conv3, false},
        {"_model.encoder.3.reparam_conv.bias", {WIDE, 1, 1, 1}, f->bias3, false},
        {"_model.decoder.rnn.weight_ih", {KOL_CELL, KOL_GATES, 1, 1}, f->input, false},
        {"_model.decoder.rnn.weight_hh", {KOL_CELL, KOL_GATES, 1, 1}, f->hidden, false},
        {"_model.decoder.rnn.bias_ih", {KOL_GATES, 1, 1, 1}, f->input_bias, false},
        {"_model.decoder.rnn.bias_hh", {KOL_GATES, 1, 1, 1}, f->hidden_bias, false},
        {"_model.decoder.decoder.2.weight", {KOL_CELL, 1, 1, 1}, f->out, false},
        {"_model.decoder.decoder.2.bias", {1, 1, 1, 1}, f->out_bias, false},
    };

    return walk_file(path, wanted, KOL_COUNT(wanted), err);
}

/* ---- Weights as the kernels want them ---- */

struct kol_silero {
    const struct kol_silero_kernels *kernels;
    float basis[BIN_PANELS * FRAME * KOL_PANEL];
    float conv0[TAPS * BINS * WIDE], conv1[TAPS * WIDE * NARROW];
    float conv2[TAPS * NARROW * NARROW], conv3[TAPS * NARROW * WIDE];
    float bias0[WIDE], bias1[NARROW], bias2[NARROW], bias3[WIDE];
    float input[KOL_CELL * KOL_GATES], hidden[KOL_CELL * KOL_GATES], gate_bias[KOL_GATES];
    float out[KOL_CELL], out_bias;

    float h[KOL_CELL], c[KOL_CELL], before[EDGE]; /* the state, and the last of the samples */
    bool mirrored;

    float pcm[BLOCK * PADDED];
    float spectra[BLOCK][SPECTRA][BINS_ROOM];
    float first[BLOCK][SPECTRA][WIDE], second[BLOCK][2][NARROW];
    float third[BLOCK][NARROW], fourth[BLOCK][WIDE];
    float gates[BLOCK][KOL_GATES];
};

/* Real parts in the left half of a panel, imaginary ones in the right; bins that are not stay 0. */
static void pack_basis(const float *from, float *to)
{
    for (size_t bin = 0; bin < BINS; bin++)
        for (size_t i = 0; i < FRAME; i++) {
            float *at = to + (bin / KOL_HALF * FRAME + i) * KOL_PANEL + bin % KOL_HALF;
            at[0] = from[bin * FRAME + i];
            at[KOL_HALF] = from[(BINS + bin) * FRAME + i];
        }
}

/* From [column][depth][tap] to [panel][tap][depth][column in it]. */
static void pack(const float *from, float *to, size_t columns, size_t depth, size_t taps,
                 size_t panel)
{
    for (size_t column = 0; column < columns; column++)
        for (size_t i = 0; i < depth; i++)
            for (size_t tap = 0; tap < taps; tap++)
                to[((column / panel * taps + tap) * depth + i) * panel + column % panel] =
                    from[(column * depth + i) * taps + tap];
}

static void pack_all(const struct file *f, struct kol_silero *s)
{
    pack_basis(f->basis, s->basis);
    pack(f->conv0, s->conv0, WIDE, BINS, TAPS, KOL_PANEL);
    pack(f->conv1, s->conv1, NARROW, WIDE, TAPS, KOL_PANEL);
    pack(f->conv2, s->conv2, NARROW, NARROW, TAPS, KOL_PANEL);
    pack(f->conv3, s->conv3, WIDE, NARROW, TAPS, KOL_PANEL);
    pack(f->input, s->input, KOL_GATES, KOL_CELL, 1, KOL_PANEL);
    pack(f->hidden, s->hidden, KOL_GATES, KOL_CELL, 1, KOL_GATE_PANEL);
    memcpy(s->bias0, f->bias0, sizeof(s->bias0));
    memcpy(s->bias1, f->bias1, sizeof(s->bias1));
    memcpy(s->bias2, f->bias2, sizeof(s->bias2));
    memcpy(s->bias3, f->bias3, sizeof(s->bias3));
    for (size_t i = 0; i < KOL_GATES; i++)
        s->gate_bias[i] = f->input_bias[i] + f->hidden_bias[i];
    memcpy(s->out, f->out, sizeof(s->out));
    s->out_bias = f->out_bias[0];
}

enum kol_code kol_silero_open(const char *path, struct kol_silero **ret, struct kol_err *err)
{
    struct file *f = malloc(sizeof(*f));
    struct kol_silero *s = calloc(1, sizeof(*s));
    enum kol_code code = f && s ? read_file(path, f, err)
                                : kol_fail(err, KOL_NO_MEMORY, "open %s: out of memory", path);

    if (code == KOL_OK) {
        pack_all(f, s);
        for (size_t i = kol_silero_kernel_count; i-- > 0 && !kol_silero_use(s, i);)
            ;
        *ret = s;
    } else {
        free(s);
    }
    free(f);
    return code;
}

void kol_silero_close(struct kol_silero *s)
{
    free(s);
}

void kol_silero_reset(struct kol_silero *s)
{
    memset(s->h, 0, sizeof(s->h));
    memset(s->c, 0, sizeof(s->c));
    memset(s->before, 0, sizeof(s->before));
}

void kol_silero_mirror(struct kol_silero *s, bool on)
{
    s->mirrored = on;
}

const char *kol_silero_use(struct kol_silero *s, size_t which)
{
    if (which >= kol_silero_kernel_count || !kol_silero_kernels[which].usable())
        return NULL;
    s->kernels = &kol_silero_kernels[which];
    return s->kernels->name;
}

/* ---- The network ---- */

static void take_pcm(struct kol_silero *s, const int16_t *pcm, float *to)
{
    float *window = to + EDGE;

    for (size_t i = 0; i < WINDOW; i++)
        window[i] = kol_as_half((float)pcm[i] / 32768.0F);
    for (size_t i = 0; i < EDGE; i++) {
        to[i] = s->mirrored ? window[EDGE - i] : s->before[i];
        window[WINDOW + i] = window[WINDOW - 2 - i];
    }
    memcpy(s->before, window + WINDOW - EDGE, sizeof(s->before));
}

static void make_spectra(struct kol_silero *s, size_t rows)
{
    for (size_t at = 0; at < SPECTRA; at++)
        s->kernels->product(&(struct kol_silero_product){
            .x = s->pcm + at * HOP,
            .rows = rows,
            .row_stride = PADDED,
            .taps = 1,
            .depth = FRAME,
            .w = s->basis,
            .panels = BIN_PANELS,
            .panel_stride = FRAME * KOL_PANEL,
            .end = KOL_END_MAGNITUDE,
            .half = true,
            .y = s->spectra[0][at],
            .y_stride = SPECTRA * BINS_ROOM,
        });
}

struct conv {
    const float *x; /* [row][in][x_room] */
    size_t in, x_room, depth;
    const float *w, *bias;
    size_t width, step;
    float *y; /* [row][out][width] */
    size_t out;
    bool half;
};

/* Taps before the first and behind the last vector would be zeros, so they are left out. */
static void convolve(const struct kol_silero *s, size_t rows, const struct conv *c)
{
    for (size_t at = 0; at < c->out; at++) {
        const size_t centre = at * c->step;
        const size_t skip = centre == 0, from = centre + skip - 1;
        const size_t end = centre + 2 < c->in ? centre + 2 : c->in;
        s->kernels->product(&(struct kol_silero_product){
            .x = c->x + from * c->x_room,
            .rows = rows,
            .row_stride = c->in * c->x_room,
            .taps = end - from,
            .tap_stride = c->x_room,
            .depth = c->depth,
            .w = c->w + skip * c->depth * KOL_PANEL,
            .panels = c->width / KOL_PANEL,
            .panel_stride = TAPS * c->depth * KOL_PANEL,
            .bias = c->bias,
            .end = KOL_END_RELU,
            .half = c->half,
            .y = c->y + at * c->width,
            .y_stride = c->out * c->width,
        });
    }
}

static void convolve_all(struct kol_silero *s, size_t rows)
{
    const struct conv layers[] = {
        {s->spectra[0][0], SPECTRA, BINS_ROOM, BINS, s->conv0, s->bias0, WIDE, 1, s->first[0][0],
         SPECTRA, true},
        {s->first[0][0], SPECTRA, WIDE, WIDE, s->conv1, s->bias1, NARROW, 2, s->second[0][0], 2,
         true},
        {s->second[0][0], 2, NARROW, NARROW, s->conv2, s->bias2, NARROW, 2, s->third[0], 1, true},
        {s->third[0], 1, NARROW, NARROW, s->conv3, s->bias3, WIDE, 1, s->fourth[0], 1, false},
    };

    for (size_t i = 0; i < KOL_COUNT(layers); i++)
        convolve(s, rows, &layers[i]);
}

static void feed_gates(struct kol_silero *s, size_t rows)
{
    s->kernels->product(&(struct kol_silero_product){
        .x = s->fourth[0],
        .rows = rows,
        .row_stride = WIDE,
        .taps = 1,
        .depth = WIDE,
        .w = s->input,
        .panels = KOL_GATES / KOL_PANEL,
        .panel_stride = WIDE * KOL_PANEL,
        .bias = s->gate_bias,
        .end = KOL_END_BIAS,
        .y = s->gates[0],
        .y_stride = KOL_GATES,
    });
}

void kol_silero_run(struct kol_silero *s, const int16_t *pcm, size_t windows, float *ret_probs)
{
    /* Rows beyond the last window hold an older block's numbers; nobody reads what they give. */
    const size_t rows = (windows + KOL_ROW_STEP - 1) / KOL_ROW_STEP * KOL_ROW_STEP;

    for (size_t i = 0; i < windows; i++)
        take_pcm(s, pcm + i * WINDOW, s->pcm + i * PADDED);
    make_spectra(s, rows);
    convolve_all(s, rows);
    feed_gates(s, rows);
    for (size_t i = 0; i < windows; i++) {
        float sum = s->kernels->step(s->gates[i], s->hidden, s->h, s->c, s->out);
        ret_probs[i] = 1 / (1 + expf(-(sum + s->out_bias)));
    }
}
