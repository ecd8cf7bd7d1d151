/* The speech detector's network against a slow and plain one, on made-up weights. */
#include "base/file.h"
#include "base/test.h"
#include "transcribe/silero.h"
#include "transcribe/silero_math.h"
#include <math.h>

enum {
    WINDOW = KOL_SILERO_WINDOW,
    WINDOWS = 150,
    FRAME = 256,
    BINS = 129,
    CELL = 128,
    TENSORS = 15,
    BASIS = 14, /* the last in the list below */
    MOST = 1 << 21
};

/* In the order of the real file. Weights are random, between -scale and scale. */
static struct tensor {
    const char *name;
    uint32_t dims, size[3], type;
    float scale;
    float *values;
} tensors[TENSORS] = {
    {"_model.encoder.0.reparam_conv.weight", 3, {3, BINS, 128}, 1, 0.2F, NULL},
    {"_model.encoder.0.reparam_conv.bias", 1, {128}, 0, 0.1F, NULL},
    {"_model.encoder.1.reparam_conv.weight", 3, {3, 128, 64}, 1, 0.2F, NULL},
    {"_model.encoder.1.reparam_conv.bias", 1, {64}, 0, 0.1F, NULL},
    {"_model.encoder.2.reparam_conv.weight", 3, {3, 64, 64}, 1, 0.2F, NULL},
    {"_model.encoder.2.reparam_conv.bias", 1, {64}, 0, 0.1F, NULL},
    {"_model.encoder.3.reparam_conv.weight", 3, {3, 64, 128}, 1, 0.2F, NULL},
    {"_model.encoder.3.reparam_conv.bias", 1, {128}, 0, 0.1F, NULL},
    {"_model.decoder.rnn.weight_ih", 2, {CELL, 4 * CELL}, 0, 0.1F, NULL},
    {"_model.decoder.rnn.weight_hh", 2, {CELL, 4 * CELL}, 0, 0.1F, NULL},
    {"_model.decoder.rnn.bias_ih", 1, {4 * CELL}, 0, 0.1F, NULL},
    {"_model.decoder.rnn.bias_hh", 1, {4 * CELL}, 0, 0.1F, NULL},
    {"_model.decoder.decoder.2.weight", 1, {CELL}, 1, 0.4F, NULL},
    {"_model.decoder.decoder.2.bias", 0, {0}, 0, 0.1F, NULL},
    {"_model.stft.forward_basis_buffer", 3, {FRAME, 1, 2 * BINS}, 1, 0.1F, NULL},
};

static uint8_t file[MOST];
static size_t len;
static char folder[256], path[300];
static struct kol_err err;
static int16_t pcm[WINDOWS * WINDOW];
static float expected[WINDOWS];

/* ---- The file ---- */

static float random_value(uint32_t *seed, float scale)
{
    *seed = *seed * 1664525 + 1013904223;
    return kol_as_half(scale * ((float)(*seed >> 8) / 8388608.0F - 1));
}

static size_t count_of(const struct tensor *t)
{
    size_t count = 1;

    for (uint32_t i = 0; i < t->dims; i++)
        count *= t->size[i];
    return count;
}

static int make_weights(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (size_t i = 0; i < TENSORS; i++) {
        struct tensor *t = &tensors[i];
        t->values = calloc(count_of(t), sizeof(float));
        for (size_t at = 0; at < count_of(t); at++)
            t->values[at] = random_value(&seed, t->scale);
    }
    test_folder(folder);
    snprintf(path, sizeof path, "%s/ggml-x.bin", folder);
    return 0;
}

static int free_weights(void **state)
{
    (void)state;
    for (size_t i = 0; i < TENSORS; i++)
        free(tensors[i].values);
    unlink(path);
    return rmdir(folder);
}

static void number(uint32_t v)
{
    for (int i = 0; i < 4; i++)
        file[len++] = (uint8_t)(v >> (8 * i));
}

static void value(float v, bool half)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    if (!half) {
        number(bits);
        return;
    }
    const int exponent = (int)(bits >> 23 & 255) - 127 + 15;
    uint32_t h = bits >> 16 & 0x8000;
    if (exponent > 0) /* as_half() left no more than 10 bits of fraction */
        h |= (uint32_t)exponent << 10 | (bits >> 13 & 1023);
    else if (v != 0)
        h |= (uint32_t)lrintf(fabsf(v) * 16777216.0F);
    file[len++] = (uint8_t)h;
    file[len++] = (uint8_t)(h >> 8);
}

static void put_tensor(const struct tensor *t)
{
    number(t->dims);
    number((uint32_t)strlen(t->name));
    number(t->type);
    for (uint32_t i = 0; i < t->dims; i++)
        number(t->size[i]);
    memcpy(file + len, t->name, strlen(t->name));
    len += strlen(t->name);
    for (size_t i = 0; i < count_of(t); i++)
        value(t->values[i], t->type == 1);
}

static void put_head(void)
{
    static const uint32_t head[] = {6, 2,  0,  512, 64, 4,   129, 128, 3,   128, 64,
                                    3, 64, 64, 3,   64, 128, 3,   128, 128, 128, 1};

    len = 0;
    number(0x67676d6c);
    number(10);
    memcpy(file + len, "silero-16k", 10);
    len += 10;
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        number(head[i]);
}

static void put_all(void)
{
    put_head();
    for (size_t i = 0; i < TENSORS; i++)
        put_tensor(&tensors[i]);
}

static enum kol_code open_file(struct kol_silero **ret)
{
    memset(&err, 0, sizeof err);
    check_ok("write", kol_file_write_atomic(path, file, len, &err), &err);
    return kol_silero_open(path, ret, &err);
}

/* ---- The plain network: as the papers draw it, one sum after the other ---- */

/* y[out][frames'] = relu(conv(x[in][frames])), 3 taps, zeros around. */
static int convolve(const struct tensor *w, const float *bias, const float *x, int frames, int step,
                    float *y)
{
    const int in = (int)w->size[1], out = (int)w->size[2], end = (frames - 1) / step + 1;

    for (int o = 0; o < out; o++)
        for (int at = 0; at < end; at++) {
            double sum = bias[o];
            for (int i = 0; i < in; i++)
                for (int tap = 0; tap < 3; tap++) {
                    const int from = at * step + tap - 1;
                    if (from >= 0 && from < frames)
                        sum += w->values[(o * in + i) * 3 + tap] *
                               (double)kol_as_half(x[i * frames + from]);
                }
            y[o * end + at] = sum > 0 ? (float)sum : 0;
        }
    return end;
}

/* before: there are samples before the window. */
static void spectra(const int16_t *window, bool before, float *y)
{
    float padded[WINDOW + 128];

    for (int i = 0; i < WINDOW + 128; i++) {
        const int at = i - 64 < WINDOW ? i - 64 : 2 * WINDOW - 2 - (i - 64);
        padded[i] = at >= 0 || before ? kol_as_half((float)window[at] / 32768) : 0;
    }
    for (int bin = 0; bin < BINS; bin++)
        for (int at = 0; at < 4; at++) {
            double re = 0, im = 0;
            for (int i = 0; i < FRAME; i++) {
                re += (double)padded[at * 128 + i] * tensors[BASIS].values[bin * FRAME + i];
                im +=
                    (double)padded[at * 128 + i] * tensors[BASIS].values[(BINS + bin) * FRAME + i];
            }
            y[bin * 4 + at] = (float)sqrt(re * re + im * im);
        }
}

static double gate(int row, const float *x, const double *h)
{
    double sum = tensors[10].values[row] + (double)tensors[11].values[row];

    for (int i = 0; i < CELL; i++)
        sum += tensors[8].values[row * CELL + i] * (double)x[i] +
               tensors[9].values[row * CELL + i] * h[i];
    return sum;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static float hear_plainly(const int16_t *window, bool before, double *h, double *c)
{
    static float x[BINS * 4], y[128 * 4];
    double next[CELL], sum = tensors[13].values[0];

    spectra(window, before, x);
    int frames = convolve(&tensors[0], tensors[1].values, x, 4, 1, y);
    frames = convolve(&tensors[2], tensors[3].values, y, frames, 2, x);
    frames = convolve(&tensors[4], tensors[5].values, x, frames, 2, y);
    frames = convolve(&tensors[6], tensors[7].values, y, frames, 1, x);
    check_int("one vector is left", frames, 1);
    for (int i = 0; i < CELL; i++) {
        c[i] = sigmoid(gate(CELL + i, x, h)) * c[i] +
               sigmoid(gate(i, x, h)) * tanh(gate(2 * CELL + i, x, h));
        next[i] = sigmoid(gate(3 * CELL + i, x, h)) * tanh(c[i]);
    }
    memcpy(h, next, sizeof next);
    for (int i = 0; i < CELL; i++)
        sum += tensors[12].values[i] * (h[i] > 0 ? h[i] : 0);
    return (float)sigmoid(sum);
}

/* A sweep that swells and fades, noise, and nothing. */
static void make_sound(void)
{
    double h[CELL] = {0}, c[CELL] = {0};
    uint32_t seed = 7;

    for (int i = 0; i < WINDOWS * WINDOW; i++) {
        const double level = i % 20000 / 20000.0, hz = 100 + i / 20.0;
        pcm[i] = (int16_t)(12000 * level * sin(2 * M_PI * hz * i / 16000) +
                           random_value(&seed, i / WINDOW % 40 < 10 ? 8000 : 20));
        if (i / WINDOW >= WINDOWS - 20)
            pcm[i] = 0;
    }
    for (int w = 0; w < WINDOWS; w++)
        expected[w] = hear_plainly(pcm + w * WINDOW, w > 0, h, c);
}

static void hear(struct kol_silero *s, size_t block, float *probs)
{
    kol_silero_reset(s);
    for (size_t at = 0; at < WINDOWS; at += block)
        kol_silero_run(s, pcm + at * WINDOW, block < WINDOWS - at ? block : WINDOWS - at,
                       probs + at);
}

static void agrees_with_the_plain_one(void **state)
{
    struct kol_silero *s;
    float probs[WINDOWS], least = 1, most = 0;
    const char *name;

    (void)state;
    make_sound();
    put_all();
    check_ok("open", open_file(&s), &err);
    for (size_t which = 0; which < kol_silero_kernel_count; which++) {
        if (!(name = kol_silero_use(s, which)))
            continue;
        hear(s, KOL_SILERO_BLOCK, probs);
        for (int w = 0; w < WINDOWS; w++) {
            if (!(fabsf(probs[w] - expected[w]) < 5e-4F))
                fail_msg("[%s] window %d: %f, expected %f", name, w, probs[w], expected[w]);
            least = fminf(least, probs[w]);
            most = fmaxf(most, probs[w]);
        }
    }
    check_true("the sound makes a difference", most - least > 0.1F);
    check_true("there is no such CPU", !kol_silero_use(s, kol_silero_kernel_count));
    kol_silero_close(s);
}

static void blocks_make_no_difference(void **state)
{
    static const size_t blocks[] = {1, 7, 8, 33, KOL_SILERO_BLOCK};
    struct kol_silero *s;
    float probs[WINDOWS], first[WINDOWS];

    (void)state;
    make_sound();
    put_all();
    check_ok("open", open_file(&s), &err);
    hear(s, blocks[0], first);
    for (size_t i = 1; i < sizeof blocks / sizeof *blocks; i++) {
        hear(s, blocks[i], probs); /* after a reset nothing is left of what it heard before */
        for (int w = 0; w < WINDOWS; w++)
            check_true("the same", probs[w] == first[w]);
    }
    kol_silero_close(s);
}

/* ---- Hostile files ---- */

static void check_refused(const char *row)
{
    struct kol_silero *s = NULL;

    check_code(row, open_file(&s), KOL_BAD_INPUT, &err);
    check_true(row, s == NULL);
}

static void refuses_other_files(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY, 20000.0F};
    struct tensor *bias = &tensors[1];
    const float good = bias->values[5];

    (void)state;
    put_head();
    check_refused("no weights");
    put_all();
    len--;
    check_refused("cut");
    put_all();
    put_tensor(&tensors[13]);
    check_refused("one twice");
    put_head();
    for (size_t i = 1; i < TENSORS; i++)
        put_tensor(&tensors[i]);
    check_refused("one too few");
    check_has("which", err.msg, tensors[0].name);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bias->values[5] = bad[i];
        put_all();
        check_refused("no number");
    }
    bias->values[5] = good;
    bias->size[0] = 64;
    put_all();
    check_refused("another size");
    bias->size[0] = 128;
}

/* The largest weights there may be: the sums of sums must still be numbers. */
static void survives_large_weights(void **state)
{
    struct tensor large[TENSORS];
    struct kol_silero *s;
    float probs[WINDOWS];

    (void)state;
    make_sound();
    put_head();
    for (size_t i = 0; i < TENSORS; i++) {
        large[i] = tensors[i];
        large[i].values = malloc(count_of(&large[i]) * sizeof(float));
        for (size_t at = 0; at < count_of(&large[i]); at++)
            large[i].values[at] = tensors[i].values[at] < 0 && i > 7 ? -10000 : 10000;
        put_tensor(&large[i]);
        free(large[i].values);
    }
    check_ok("open", open_file(&s), &err);
    for (size_t which = 0; which < kol_silero_kernel_count; which++) {
        if (!kol_silero_use(s, which))
            continue;
        hear(s, KOL_SILERO_BLOCK, probs);
        for (int w = 0; w < WINDOWS; w++)
            check_true("a probability", probs[w] >= 0 && probs[w] <= 1);
    }
    kol_silero_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_plain_one),
        cmocka_unit_test(blocks_make_no_difference),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(survives_large_weights),
    };

    return cmocka_run_group_tests(tests, make_weights, free_weights);
}
