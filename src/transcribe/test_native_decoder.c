/* The decoder on a small model of random weights: it must not matter how its steps are put. */
#include "transcribe/native_attend.h"
#include "transcribe/native_decoder.h"
#include "transcribe/native_rows.h"
#include "transcribe/test_native.h"

enum { VOCAB = 51865, WIDTH = 128, SOUND = 1500 };

static const struct kol_native_hparams sizes = {.vocab = VOCAB,
                                                .audio_ctx = SOUND,
                                                .audio_state = WIDTH,
                                                .audio_heads = 2,
                                                .audio_layers = 1,
                                                .text_ctx = 448,
                                                .text_state = WIDTH,
                                                .text_heads = 2,
                                                .text_layers = 2,
                                                .mels = 80};

static struct kol_native_file *file;
static struct kol_native_decoder *decoder;
static struct kol_native_pen *pen;
static float *sounds[2];
static char path[300];
static struct kol_err err;

static float *random_sound(uint32_t seed)
{
    float *x = malloc(SOUND * WIDTH * sizeof(*x));

    for (int i = 0; i < SOUND * WIDTH; i++)
        x[i] = test_random(&seed);
    return x;
}

static int open_all(void **state)
{
    (void)state;
    char folder[256];

    test_folder(folder);
    snprintf(path, sizeof(path), "%s/model.bin", folder);
    test_model_write(path, &sizes, 100, GGML_TYPE_F16, 1);
    check_ok("file", kol_native_file_open(path, &file, &err), &err);
    unlink(path);
    rmdir(folder);
    check_ok("decoder", kol_native_decoder_open(file, &decoder, &err), &err);
    check_ok("pen", kol_native_pen_open(decoder, 2, &pen, &err), &err);
    for (int i = 0; i < 2; i++) {
        sounds[i] = random_sound((uint32_t)i + 5);
        check_ok("hear", kol_native_pen_hear(pen, i, sounds[i], &err), &err);
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    free(sounds[0]);
    free(sounds[1]);
    kol_native_pen_close(pen);
    kol_native_decoder_close(decoder);
    kol_native_file_close(file);
    return 0;
}

/* The logits after these tokens, written one by one into a line, in the caller's memory. */
static float *one_by_one(int line, int sound, const int32_t *tokens, int count)
{
    float *logits, *kept = malloc(VOCAB * sizeof(*kept));

    for (int i = 0; i < count; i++) {
        const struct kol_native_step step = {
            .line = line, .sound = sound, .tokens = tokens + i, .count = 1, .past = i};
        check_ok("step", kol_native_write(pen, &step, 1, &logits, &err), &err);
    }
    memcpy(kept, logits, VOCAB * sizeof(*kept));
    return kept;
}

static void check_same(const char *row, const float *x, const float *y, double tolerance)
{
    double apart = 0, size = 0;

    for (int i = 0; i < VOCAB; i++) {
        apart += (double)(x[i] - y[i]) * (x[i] - y[i]);
        size += (double)x[i] * x[i];
    }
    if (!(apart <= tolerance * tolerance * size))
        fail_msg("[%s] apart by %g of the whole", row, sqrt(apart / size));
}

static const int32_t text[] = {50258, 50259, 50359, 50364, 17, 1234, 40000, 3};

static void test_steps(void **state)
{
    (void)state;
    float *wanted = one_by_one(0, 0, text, 8), *logits;
    const struct kol_native_step whole = {.tokens = text, .count = 8};
    const struct kol_native_step rest = {.tokens = text + 5, .count = 3, .past = 5};

    check_ok("whole", kol_native_write(pen, &whole, 1, &logits, &err), &err);
    check_same("whole", wanted, logits, 1e-3);
    check_ok("rest", kol_native_write(pen, &rest, 1, &logits, &err), &err);
    check_same("what stands there is written over", wanted, logits, 1e-3);
    free(wanted);
}

static void test_lines(void **state)
{
    (void)state;
    const int32_t other[] = {50258, 50262, 50359, 9};
    float *first = one_by_one(0, 0, text, 6), *second = one_by_one(3, 1, other, 4);
    float *logits[2], *alone = one_by_one(0, 1, text, 6);
    const struct kol_native_step steps[] = {
        {.line = 3, .sound = 1, .tokens = other + 2, .count = 2, .past = 2},
        {.line = 5, .sound = 0, .tokens = text, .count = 6},
    };

    check_ok("two", kol_native_write(pen, steps, 2, logits, &err), &err);
    check_same("one line", second, logits[0], 1e-3);
    check_same("the other", first, logits[1], 1e-3);
    double apart = 0;
    for (int i = 0; i < VOCAB; i++)
        apart += fabs((double)first[i] - alone[i]);
    check_true("the sound matters", apart > VOCAB * 1e-3);

    const struct kol_native_step on = {.line = 6, .tokens = text + 5, .count = 1, .past = 5};
    check_ok("copy", kol_native_pen_copy(pen, 6, 5, 5, &err), &err);
    check_ok("go on", kol_native_write(pen, &on, 1, logits, &err), &err);
    check_same("copied", first, logits[0], 1e-3);
    free(first), free(second), free(alone);
}

static void test_wiping(void **state)
{
    (void)state;
    float *before = one_by_one(0, 0, text, 4), *after;

    kol_native_pen_wipe(pen);
    after = one_by_one(0, 0, text, 4);
    double apart = 0;
    for (int i = 0; i < VOCAB; i++)
        apart += fabs((double)before[i] - after[i]);
    check_true("the sound is forgotten", apart > VOCAB * 1e-3);
    for (int i = 0; i < 2; i++)
        check_ok("hear", kol_native_pen_hear(pen, i, sounds[i], &err), &err);
    free(after);
    after = one_by_one(0, 0, text, 4);
    check_same("and heard again", before, after, 1e-6);
    free(before), free(after);
}

/* ggml's kernels and our own are two ways to the same. */
static void test_plain_rows(void **state)
{
    (void)state;
    struct kol_native_decoder *d = decoder, *plain = NULL;
    struct kol_native_pen *p = pen, *other = NULL;
    float *wanted = one_by_one(0, 0, text, 6);

    kol_rows_plain(true);
    kol_attend_plain(true);
    check_ok("decoder", kol_native_decoder_open(file, &plain, &err), &err);
    check_ok("pen", kol_native_pen_open(plain, 1, &other, &err), &err);
    check_ok("hear", kol_native_pen_hear(other, 0, sounds[0], &err), &err);
    decoder = plain;
    pen = other;
    float *logits = one_by_one(0, 0, text, 6);
    decoder = d;
    pen = p;
    kol_native_pen_close(other);
    kol_rows_plain(false);
    kol_attend_plain(false);
    check_same("plain", wanted, logits, 0.03);
    kol_native_decoder_close(plain);
    free(wanted), free(logits);
}

static void test_no_room(void **state)
{
    (void)state;
    static int32_t many[449];
    float *logits;
    const struct kol_native_step steps[] = {
        {.tokens = many, .count = 449},
        {.tokens = many, .count = 2, .past = 447},
        {.tokens = many, .count = 0},
    };

    for (int i = 0; i < 3; i++)
        check_code("too many", kol_native_write(pen, &steps[i], 1, &logits, &err), KOL_BUG, &err);
    struct kol_native_step full = {.tokens = many, .count = 448};
    check_ok("all there is", kol_native_write(pen, &full, 1, &logits, &err), &err);
    many[3] = VOCAB;
    check_code("no token", kol_native_write(pen, &full, 1, &logits, &err), KOL_BUG, &err);
    many[3] = 0;
}

/* ---- Attention ---- */

/* softmax(q * keys) * values in double; rows of 64, stride apart. */
static void reference(const float *q, const float *keys, const float *values, int stride, int count,
                      double *ret)
{
    double sum = 0;

    memset(ret, 0, KOL_HEAD * sizeof(*ret));
    for (int i = 0; i < count; i++) {
        double score = 0;
        for (int j = 0; j < KOL_HEAD; j++)
            score += (double)q[j] * keys[i * stride + j];
        score = exp(score);
        sum += score;
        for (int j = 0; j < KOL_HEAD; j++)
            ret[j] += score * values[i * stride + j];
    }
    for (int j = 0; j < KOL_HEAD; j++)
        ret[j] /= sum;
}

/* Both types that the sound is kept in. */
static void check_attention(int count, const float *q)
{
    const float *keys = sounds[0], *values = sounds[1];
    uint8_t *kept_keys = aligned_alloc(64, kol_attend_bytes(SOUND));
    uint8_t *kept_values = aligned_alloc(64, kol_attend_bytes(SOUND));
    float scores[KOL_POSITIONS], out[KOL_HEAD];
    double wanted[KOL_HEAD];

    reference(q, keys, values, WIDTH, count, wanted);
    kol_attend_tokens(q, keys, values, WIDTH, count, scores, out);
    for (int j = 0; j < KOL_HEAD; j++)
        assert_true(fabs(out[j] - wanted[j]) < 1e-4);
    kol_attend_keep_keys(keys, WIDTH, count, kept_keys);
    kol_attend_keep_values(values, WIDTH, count, kept_values);
    kol_attend_sound(q, kept_keys, kept_values, count, scores, out);
    for (int j = 0; j < KOL_HEAD; j++)
        assert_true(fabs(out[j] - wanted[j]) < 0.02);
    free(kept_keys), free(kept_values);
}

static void test_attention(void **state)
{
    (void)state;
    static const int counts[] = {1, 15, 64, 65, 100, SOUND};
    static const float none[KOL_HEAD];

    for (int plain = 0; plain < 2; plain++) {
        kol_attend_plain(plain);
        for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++)
            check_attention(counts[c], sounds[0] + 7);
        check_attention(SOUND, none);
    }
    kol_attend_plain(false);
}

static void test_the_rest(void **state)
{
    (void)state;
    float x[128], weight[128], bias[128], out[128];
    uint32_t seed = 3;

    for (int i = 0; i < 128; i++) {
        x[i] = test_random(&seed) * 4;
        weight[i] = 2;
        bias[i] = 1;
    }
    kol_normalise(x, weight, bias, 128, out);
    double sum = 0, squares = 0;
    for (int i = 0; i < 128; i++) {
        sum += out[i];
        squares += (out[i] - 1.0) * (out[i] - 1.0);
    }
    assert_true(fabs(sum / 128 - 1) < 1e-4 && fabs(squares / 128 - 4) < 1e-3);
    memcpy(out, x, sizeof(x));
    kol_gelu(out, 128);
    for (int i = 0; i < 128; i++) {
        const double u = 0.7978845608 * (x[i] + 0.044715 * pow(x[i], 3));
        assert_true(fabs(out[i] - 0.5 * x[i] * (1 + tanh(u))) < 1e-5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),    cmocka_unit_test(test_lines),
        cmocka_unit_test(test_wiping),   cmocka_unit_test(test_plain_rows),
        cmocka_unit_test(test_no_room),  cmocka_unit_test(test_attention),
        cmocka_unit_test(test_the_rest),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
