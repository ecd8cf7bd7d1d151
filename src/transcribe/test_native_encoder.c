/*
 * The mel spectrum against a transform in doubles, the encoder against one in doubles on a small
 * model of odd sizes; then all again as on CPUs without bf16, and without fast bytes.
 */
#include "base/cleanup.h"
#include "transcribe/native_encoder.h"
#include "transcribe/native_math.h"
#include "transcribe/native_mel.h"
#include "transcribe/native_vector.h"
#include "transcribe/test_native.h"

enum { CTX = 1500, MELS = 80, BINS = 201 };
enum { RATE = 16000, SAMPLES = 4 * RATE + 77, FRAMES = 2 * CTX };

/* Two widths: an odd one, and one whose heads are as wide as Whisper's, for which there is a way of
 * its own through attention. */
static const struct {
    int width, heads;
} models[] = {{48, 3}, {64, 1}};
static int width, heads;
static size_t model_count; /* the second has nothing of its own on a CPU without bf16 */

static struct kol_native_hparams sizes = {
    .vocab = 50,
    .audio_ctx = CTX,
    .audio_layers = 2,
    .text_ctx = 448,
    .text_layers = 1,
    .mels = MELS,
};

static char folder[256], path[300];
static struct kol_err err;
static float pcm[SAMPLES];

/* A tone that rises, with noise, getting louder. */
static void make_sound(void)
{
    uint32_t random = 3;

    for (int i = 0; i < SAMPLES; i++) {
        const double t = (double)i / RATE;
        pcm[i] =
            (float)(t * 0.1 * sin(2 * M_PI * (300 + 400 * t) * t)) + test_random(&random) * 0.002f;
    }
}

static void make_model(size_t i)
{
    width = models[i].width;
    heads = models[i].heads;
    sizes.audio_state = sizes.text_state = width;
    sizes.audio_heads = sizes.text_heads = heads;
    test_model_write(path, &sizes, 1, GGML_TYPE_F32, 5);
}

/* ---- vectors ---- */

static void computes_softmax(void **state)
{
    enum { COLUMNS = 37 };
    float x[2 * COLUMNS], parts[2 * COLUMNS], sums[2], mixed[2 * COLUMNS];

    (void)state;
    for (int i = 0; i < 2 * COLUMNS; i++)
        x[i] = (float)(i * i % 29) - 20.0f;
    x[5] = -1000; /* as good as nothing */
    kol_softmax_parts(x, 2, COLUMNS, false, parts, sums);
    kol_divide_rows(parts, 2, COLUMNS, sums, false, mixed, COLUMNS);
    for (int row = 0; row < 2; row++) {
        double sum = 0;

        for (int i = 0; i < COLUMNS; i++)
            sum += exp2(x[row * COLUMNS + i]);
        for (int i = 0; i < COLUMNS; i++) {
            const double wanted = exp2(x[row * COLUMNS + i]) / sum;
            if (fabs(mixed[row * COLUMNS + i] - wanted) > 1e-5 * wanted + 1e-30)
                fail_msg("%d: %g, expected %g", i, mixed[row * COLUMNS + i], wanted);
        }
    }
    check_true("nothing", parts[5] == 0);
}

static void rounds_to_bf16(void **state)
{
    float x[19];
    uint16_t ret[19];

    (void)state;
    for (int i = 0; i < 19; i++)
        x[i] = i % 2 ? 1.00390625f : -1.01171875f; /* both in the middle: to the even one */
    kol_to_bf16(x, 19, ret);
    for (int i = 0; i < 19; i++)
        check_int("rounded", ret[i], i % 2 ? 0x3f80 : 0xbf82);
}

static void takes_logarithms(void **state)
{
    float x[40];

    (void)state;
    for (int i = 0; i < 40; i++)
        x[i] = (float)pow(1.9, i - 30);
    const float most = kol_log10_all(x, 40, 1e-6f);
    check_true("most", most == x[39]);
    for (int i = 0; i < 40; i++) {
        const double wanted = fmax(log10(pow(1.9, i - 30)), -6);
        if (fabs(x[i] - wanted) > 3e-6)
            fail_msg("%d: %g, expected %g", i, (double)x[i], wanted);
    }
}

static void counts_in_whole_numbers(void **state)
{
    enum { WIDTH = 32 };
    static const int32_t sums[2 * WIDTH] = {1000, -1000, 127, [WIDTH] = 50, -50};
    float x[2 * WIDTH] = {1.0f, -2.0f, 0.5f}, scales[2], back[2 * WIDTH], ones[WIDTH], y[2 * WIDTH];
    int8_t bytes[2 * WIDTH];

    (void)state;
    kol_to_int8(x, 2, WIDTH, bytes, scales);
    check_int("half of the greatest", bytes[0], 64);
    check_int("the greatest", bytes[1], -127);
    check_int("a quarter", bytes[2], 32);
    check_true("scale", fabsf(scales[0] * 127 - 2) < 1e-6f);
    check_true("a row of nothing", scales[1] == 0 && bytes[WIDTH] == 0);
    for (int i = 0; i < WIDTH; i++)
        ones[i] = 1;
    const struct kol_columns columns = {.scales = ones, .bias = ones};
    memset(y, 0, sizeof y);
    kol_add_sums(sums, 2, WIDTH, (const float[]){0.01f, 0.1f}, &columns, y);
    check_true("added", fabsf(y[0] - 11) < 1e-4f && fabsf(y[WIDTH + 1] + 4) < 1e-4f && y[9] == 1);
    kol_gelu_sums(sums, 2, WIDTH, (const float[]){0.01f, 0.1f}, &columns, bytes, scales);
    for (int i = 0; i < 2 * WIDTH; i++)
        back[i] = (float)bytes[i] * scales[i / WIDTH];
    check_true("large", fabsf(back[0] - 11) < 1e-3f && fabsf(back[1]) < 0.05f);
    check_true("gelu(1)", fabsf(back[9] - 0.8412f) < 0.05f);
    check_true("gelu(-4)", fabsf(back[WIDTH + 1]) < 0.03f);
    check_true("fits", kol_int8_fits(5120) && !kol_int8_fits(24) && !kol_int8_fits(16384));
}

/* ---- mel ---- */

static double hann_sample(int frame, int n)
{
    const int at = abs(frame * KOL_MEL_HOP - 200 + n);

    return at < SAMPLES ? pcm[at] * 0.5 * (1 - cos(2 * M_PI * n / 400)) : 0;
}

static void mel_frame(const float *filters, int frame, double *ret)
{
    static double waves[400];
    double power[BINS], window[400];

    for (int n = 0; n < 400; n++) {
        waves[n] = cos(2 * M_PI * n / 400);
        window[n] = hann_sample(frame, n);
    }
    for (int bin = 0; bin < BINS; bin++) {
        double real = 0, imaginary = 0;

        for (int n = 0; n < 400; n++) {
            real += window[n] * waves[n * bin % 400];
            imaginary += window[n] * waves[(n * bin + 100) % 400];
        }
        power[bin] = real * real + imaginary * imaginary;
    }
    for (int band = 0; band < MELS; band++) {
        double sum = 0;

        for (int bin = 0; bin < BINS; bin++)
            sum += filters[band * BINS + bin] * power[bin];
        ret[band] = log10(fmax(sum, 1e-10));
    }
}

/* [FRAMES][MELS]; freed by the caller */
static double *mel_of(const float *filters)
{
    double *mel = calloc(FRAMES * MELS, sizeof *mel), most = -10;

    for (int i = 0; i < FRAMES * MELS; i++)
        mel[i] = -10;
    for (int frame = 0; frame <= (SAMPLES + 200) / KOL_MEL_HOP; frame++)
        mel_frame(filters, frame, mel + frame * MELS);
    for (int i = 0; i < FRAMES * MELS; i++)
        most = fmax(most, mel[i]);
    for (int i = 0; i < FRAMES * MELS; i++)
        mel[i] = (fmax(mel[i], most - 8) + 4) / 4;
    return mel;
}

static double worst_of(const float *got, const double *wanted, int count)
{
    double worst = 0;

    for (int i = 0; i < count; i++)
        worst = fmax(worst, fabs(got[i] - wanted[i]));
    return worst;
}

static struct kol_native_file *open_file(void)
{
    struct kol_native_file *f;

    check_ok("open", kol_native_file_open(path, &f, &err), &err);
    return f;
}

static void hears_a_spectrum(void **state)
{
    struct kol_native_file *f = open_file();
    struct kol_native_mel *mel;
    struct kol_math *math;
    int bins;
    const float *filters = kol_native_file_filters(f, &bins);
    float *ret = calloc(FRAMES * MELS, sizeof *ret);

    (void)state;
    double *wanted = mel_of(filters);
    check_ok("math", kol_math_open(&math, &err), &err);
    check_ok("mel", kol_native_mel_open(filters, MELS, bins, &mel, &err), &err);
    float *work = kol_math_alloc(kol_native_mel_room(mel), sizeof *work);
    check_ok("run", kol_native_mel_run(mel, math, pcm, SAMPLES, FRAMES, work, ret, &err), &err);
    const double worst = worst_of(ret, wanted, FRAMES * MELS);
    if (worst > 1e-4)
        fail_msg("a band differs by %g", worst);
    check_ok("none", kol_native_mel_run(mel, math, pcm, 0, FRAMES, work, ret, &err), &err);
    for (int i = 0; i < FRAMES * MELS; i++)
        check_true("silence", fabsf(ret[i] + 1.5f) < 1e-6f);
    kol_native_mel_close(mel);
    kol_math_close(math);
    free(work);
    free(ret);
    free(wanted);
    kol_native_file_close(f);
}

/* ---- the encoder in doubles ---- */

static float *tensor(struct kol_native_file *f, const char *name, int a, int b, int c)
{
    float *ret = calloc((size_t)a * (size_t)b * (size_t)c, sizeof *ret);

    check_ok(name, kol_native_file_read(f, name, (const int64_t[4]){a, b, c, 1}, ret, &err), &err);
    return ret;
}

static float *part(struct kol_native_file *f, int layer, const char *name, int a, int b)
{
    char full[80];

    snprintf(full, sizeof full, "encoder.blocks.%d.%s", layer, name);
    return tensor(f, full, a, b, 1);
}

static double gelu(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

/* x: [rows][in], a row before the first and behind the last counts as zeros. */
static double *convolved(struct kol_native_file *f, const char *name, const double *x, int rows,
                         int in, int stride)
{
    char full[80];
    double *ret = calloc((size_t)rows / stride * width, sizeof *ret);

    snprintf(full, sizeof full, "encoder.%s.weight", name);
    float *w = tensor(f, full, 3, in, width);
    snprintf(full, sizeof full, "encoder.%s.bias", name);
    float *bias = tensor(f, full, 1, width, 1);
    for (int row = 0; row < rows / stride; row++)
        for (int out = 0; out < width; out++) {
            double sum = bias[out];

            for (int tap = 0; tap < 3; tap++) {
                const int at = row * stride + tap - 1;
                for (int i = 0; at >= 0 && at < rows && i < in; i++)
                    sum += x[at * in + i] * w[(out * in + i) * 3 + tap];
            }
            ret[row * width + out] = gelu(sum);
        }
    free(w);
    free(bias);
    return ret;
}

static double *normed(const double *x, float *gain, float *bias)
{
    double *ret = calloc(CTX * width, sizeof *ret);

    for (int row = 0; row < CTX; row++) {
        const double *from = x + row * width;
        double mean = 0, variance = 0;

        for (int i = 0; i < width; i++)
            mean += from[i] / width;
        for (int i = 0; i < width; i++)
            variance += (from[i] - mean) * (from[i] - mean) / width;
        for (int i = 0; i < width; i++)
            ret[row * width + i] = (from[i] - mean) / sqrt(variance + 1e-5) * gain[i] + bias[i];
    }
    free(gain);
    free(bias);
    return ret;
}

/* x: freed here */
static double *linear(double *x, float *w, float *bias, int in, int out)
{
    double *ret = calloc((size_t)CTX * out, sizeof *ret);

    for (int row = 0; row < CTX; row++)
        for (int o = 0; o < out; o++) {
            double sum = bias ? bias[o] : 0;

            for (int i = 0; i < in; i++)
                sum += x[row * in + i] * w[o * in + i];
            ret[row * out + o] = sum;
        }
    free(x);
    free(w);
    free(bias);
    return ret;
}

static double *copy(const double *x)
{
    double *ret = calloc(CTX * width, sizeof *ret);

    memcpy(ret, x, CTX * width * sizeof *ret);
    return ret;
}

static void attend_row(const double *q, const double *k, const double *v, double *ret)
{
    static double weights[CTX];
    double sum = 0;

    for (int key = 0; key < CTX; key++) {
        double score = 0;

        for (int i = 0; i < width / heads; i++)
            score += q[i] * k[key * width + i];
        weights[key] = exp(score / sqrt((double)width / heads));
        sum += weights[key];
    }
    for (int key = 0; key < CTX; key++)
        for (int i = 0; i < width / heads; i++)
            ret[i] += weights[key] / sum * v[key * width + i];
}

static void add(double *x, double *more)
{
    for (int i = 0; i < CTX * width; i++)
        x[i] += more[i];
    free(more);
}

static void run_layer(struct kol_native_file *f, int i, double *x)
{
    double *n =
        normed(x, part(f, i, "attn_ln.weight", width, 1), part(f, i, "attn_ln.bias", width, 1));
    double *q = linear(copy(n), part(f, i, "attn.query.weight", width, width),
                       part(f, i, "attn.query.bias", width, 1), width, width);
    double *k = linear(copy(n), part(f, i, "attn.key.weight", width, width), NULL, width, width);
    double *v = linear(n, part(f, i, "attn.value.weight", width, width),
                       part(f, i, "attn.value.bias", width, 1), width, width);
    double *mixed = calloc(CTX * width, sizeof *mixed);

    for (int row = 0; row < CTX; row++)
        for (int h = 0; h < width; h += width / heads)
            attend_row(q + row * width + h, k + h, v + h, mixed + row * width + h);
    free(q);
    free(k);
    free(v);
    add(x, linear(mixed, part(f, i, "attn.out.weight", width, width),
                  part(f, i, "attn.out.bias", width, 1), width, width));
    n = normed(x, part(f, i, "mlp_ln.weight", width, 1), part(f, i, "mlp_ln.bias", width, 1));
    double *up = linear(n, part(f, i, "mlp.0.weight", width, 4 * width),
                        part(f, i, "mlp.0.bias", 4 * width, 1), width, 4 * width);
    for (int j = 0; j < CTX * 4 * width; j++)
        up[j] = gelu(up[j]);
    add(x, linear(up, part(f, i, "mlp.2.weight", 4 * width, width),
                  part(f, i, "mlp.2.bias", width, 1), 4 * width, width));
}

static double *encoded(struct kol_native_file *f)
{
    int bins;
    double *mel = mel_of(kol_native_file_filters(f, &bins));
    double *first = convolved(f, "conv1", mel, FRAMES, MELS, 1);
    double *x = convolved(f, "conv2", first, FRAMES, width, 2);
    float *positions = tensor(f, "encoder.positional_embedding", width, CTX, 1);

    for (int i = 0; i < CTX * width; i++)
        x[i] += positions[i];
    for (int i = 0; i < sizes.audio_layers; i++)
        run_layer(f, i, x);
    double *ret = normed(x, tensor(f, "encoder.ln_post.weight", width, 1, 1),
                         tensor(f, "encoder.ln_post.bias", width, 1, 1));
    free(mel);
    free(first);
    free(x);
    free(positions);
    return ret;
}

/* Twice: nothing of the first run is left in the second. */
static void check_features(struct kol_native_ear *ear, const double *wanted)
{
    const double within = kol_compact_is_bf16() ? 0.06 : kol_math_has_int8() ? 0.12 : 2e-5;
    const float *got;

    for (int again = 0; again < 2; again++) {
        double squares = 0;

        check_ok("run", kol_native_encode(ear, pcm, SAMPLES, NULL, NULL, &got, &err), &err);
        const double worst = worst_of(got, wanted, CTX * width);
        for (int i = 0; i < CTX * width; i++)
            squares += (got[i] - wanted[i]) * (got[i] - wanted[i]) / (CTX * width);
        if (!(worst < within && sqrt(squares) < within / 6))
            fail_msg("features differ by up to %g, in the mean by %g", worst, sqrt(squares));
    }
}

static void encodes_as_in_doubles(void **state)
{
    (void)state;
    for (size_t i = 0; i < model_count; i++) {
        struct kol_native_encoder *e;
        struct kol_native_ear *ear;

        make_model(i);
        struct kol_native_file *f = open_file();
        check_ok("open", kol_native_encoder_open(f, &e, &err), &err);
        check_ok("ear", kol_native_ear_open(e, &ear, &err), &err);
        double *wanted = encoded(f);
        check_features(ear, wanted);
        free(wanted);
        kol_native_ear_close(ear);
        kol_native_encoder_close(e);
        kol_native_file_close(f);
    }
}

/* ---- stopping, and what is refused ---- */

static bool at_last(void *user)
{
    return --*(int *)user == 0;
}

static void stops_between_layers(void **state)
{
    struct kol_native_file *f = open_file();
    struct kol_native_encoder *e;
    struct kol_native_ear *ear;
    const float *got;
    int left = sizes.audio_layers;

    (void)state;
    check_ok("open", kol_native_encoder_open(f, &e, &err), &err);
    kol_native_file_close(f);
    check_ok("ear", kol_native_ear_open(e, &ear, &err), &err);
    check_code("stopped", kol_native_encode(ear, pcm, SAMPLES, at_last, &left, &got, &err),
               KOL_CANCELLED, &err);
    check_int("asked each time", left, 0);
    check_code("long", kol_native_encode(ear, pcm, 30 * RATE + 1, NULL, NULL, &got, &err),
               KOL_BAD_INPUT, &err);
    kol_native_ear_close(ear);
    kol_native_encoder_close(e);
    kol_native_ear_close(NULL);
    kol_native_encoder_close(NULL);
}

static void needs_all_tensors(void **state)
{
    struct kol_native_encoder *e;
    struct kol_native_file *f;
    struct test_model m = {fopen(path, "wb"), GGML_TYPE_F32, 1};

    (void)state;
    test_model_head(&m, &sizes, 1);
    for (int n = 0; n < 15 * 2 + 24 + 11; n++)
        test_model_tensor(&m, "other", GGML_TYPE_F32, 1, (int[]){1}, NULL);
    fclose(m.file);
    f = open_file();
    check_code("absent", kol_native_encoder_open(f, &e, &err), KOL_BAD_INPUT, &err);
    check_has("absent", err.msg, "has no tensor encoder.conv1.weight");
    kol_native_file_close(f);
}

static int make_first(void **state)
{
    (void)state;
    test_folder(folder);
    snprintf(path, sizeof path, "%s/ggml-x.bin", folder);
    make_model(0);
    make_sound();
    return 0;
}

static int remove_model(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_softmax),        cmocka_unit_test(rounds_to_bf16),
        cmocka_unit_test(counts_in_whole_numbers), cmocka_unit_test(takes_logarithms),
        cmocka_unit_test(hears_a_spectrum),        cmocka_unit_test(encodes_as_in_doubles),
        cmocka_unit_test(stops_between_layers),    cmocka_unit_test(needs_all_tensors),
    };
    model_count = argc > 1 ? 1 : KOL_COUNT(models);
    const int failed = cmocka_run_group_tests(tests, make_first, remove_model);

    /* Then as on a lesser CPU. */
    const char *less = kol_compact_is_bf16() ? "AVX512_CORE_VNNI" : "AVX2";
    if (failed || (!kol_compact_is_bf16() && !kol_math_has_int8()))
        return failed;
    setenv("ONEDNN_MAX_CPU_ISA", less, 1);
    execl("/proc/self/exe", argv[0], "again", NULL);
    return 1;
}
