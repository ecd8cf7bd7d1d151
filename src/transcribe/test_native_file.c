/* Sizes, words and tensors of models made here, in each type of weights; wrong names and shapes. */
#include "base/cleanup.h"
#include "base/file.h"
#include "transcribe/test_native.h"

enum { WORDS = 90 };

static const struct kol_native_hparams sizes = {
    .vocab = 100,
    .audio_ctx = 1500,
    .audio_state = 64,
    .audio_heads = 2,
    .audio_layers = 2,
    .text_ctx = 448,
    .text_state = 64,
    .text_heads = 4,
    .text_layers = 1,
    .mels = 80,
};

static char folder[256], path[300];
static struct kol_err err;

static struct kol_native_file *made(enum ggml_type type)
{
    struct kol_native_file *f;

    test_model_write(path, &sizes, WORDS, type, 1);
    check_ok("open", kol_native_file_open(path, &f, &err), &err);
    return f;
}

static void tells_sizes_filters_and_words(void **state)
{
    (void)state;
    struct kol_native_file *f = made(GGML_TYPE_F16);
    const float *filters;
    const char *word;
    uint32_t random = 1;
    int bins;

    check_true("sizes", memcmp(kol_native_file_hparams(f), &sizes, sizeof sizes) == 0);
    filters = kol_native_file_filters(f, &bins);
    check_int("bins", bins, 201);
    for (int i = 0; i < sizes.mels * bins; i++) {
        const float value = test_random(&random);
        check_true("filter", filters[i] == (value > 0 ? value * 0.01f : 0));
    }
    check_int("words", kol_native_file_token_count(f), WORDS);
    check_int("empty", kol_native_file_token(f, 0, &word), 0);
    check_int("six bytes", kol_native_file_token(f, 6, &word), 6);
    check_true("a zero within", memcmp(word, "word\0x", 6) == 0);
    check_int("the last", kol_native_file_token(f, WORDS - 1, &word), (WORDS - 1) % 7);
    check_int("beyond", kol_native_file_token(f, WORDS, &word), 0);
    check_int("below", kol_native_file_token(f, -1, &word), 0);
    kol_native_file_close(f);
}

/* More values than are turned into floats at once: 64 x 1500. */
static void reads_tensors_of_each_type(void **state)
{
    static const struct {
        enum ggml_type type;
        float within;
    } rows[] = {{GGML_TYPE_F32, 0},      {GGML_TYPE_F16, 1e-3f},  {GGML_TYPE_BF16, 8e-3f},
                {GGML_TYPE_Q8_0, 8e-3f}, {GGML_TYPE_Q5_0, 0.07f}, {GGML_TYPE_Q5_1, 0.05f},
                {GGML_TYPE_Q4_0, 0.15f}};
    const int ne[2] = {64, 1500};
    const int64_t shape[4] = {64, 1500, 1, 1};
    static float values[64 * 1500], back[64 * 1500];
    uint32_t random = 7;

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(values); i++)
        values[i] = test_random(&random);
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct test_model m = {fopen(path, "wb"), rows[i].type, 1};
        struct kol_native_file *f;
        const char *name = ggml_type_name(rows[i].type);
        float worst = 0;

        test_model_head(&m, &sizes, WORDS);
        for (int n = 1; n < 15 * 2 + 24 + 11; n++)
            test_model_tensor(&m, "other", GGML_TYPE_F32, 1, (int[]){1}, NULL);
        test_model_tensor(&m, "wanted", rows[i].type, 2, ne, values);
        fclose(m.file);
        check_ok(name, kol_native_file_open(path, &f, &err), &err);
        check_ok(name, kol_native_file_read(f, "wanted", shape, back, &err), &err);
        for (size_t v = 0; v < KOL_COUNT(values); v++)
            worst = fmaxf(worst, fabsf(values[v] - back[v]));
        if (worst > rows[i].within)
            fail_msg("%s differs by %g", name, (double)worst);
        kol_native_file_close(f);
    }
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    struct kol_native_file *f = made(GGML_TYPE_Q8_0);
    static float ret[64 * 1500];
    const int64_t right[4] = {64, 64, 1, 1}, wrong[4] = {64, 32, 1, 1};
    const char *name = "encoder.blocks.1.attn.key.weight";

    check_ok("there", kol_native_file_read(f, name, right, ret, &err), &err);
    check_code("shape", kol_native_file_read(f, name, wrong, ret, &err), KOL_BAD_INPUT, &err);
    check_has("shape", err.msg, name);
    check_has("shape", err.msg, "is 64 x 64 x 1 x 1, expected 64 x 32 x 1 x 1");
    check_code("absent", kol_native_file_read(f, "no.such", right, ret, &err), KOL_BAD_INPUT, &err);
    check_has("absent", err.msg, "has no tensor no.such");
    if (truncate(path, 100000) != 0)
        fail_msg("truncate");
    check_code("cut", kol_native_file_read(f, name, right, ret, &err), KOL_IO, &err);
    kol_native_file_close(f);
    kol_native_file_close(NULL);
}

static void refuses_other_files(void **state)
{
    struct kol_native_file *f;
    struct test_model m = {fopen(path, "wb"), GGML_TYPE_F32, 1};

    (void)state;
    test_model_head(&m, &sizes, WORDS);
    fclose(m.file);
    check_code("no weights", kol_native_file_open(path, &f, &err), KOL_BAD_INPUT, &err);
    check_code("absent", kol_native_file_open("/nowhere", &f, &err), KOL_NOT_FOUND, &err);
    check_ok("write", kol_file_write_atomic(path, "lmgg", 4, &err), &err);
    check_code("cut", kol_native_file_open(path, &f, &err), KOL_BAD_INPUT, &err);
}

static int make_folder(void **state)
{
    (void)state;
    test_folder(folder);
    snprintf(path, sizeof path, "%s/ggml-x.bin", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_sizes_filters_and_words),
        cmocka_unit_test(reads_tensors_of_each_type),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(refuses_other_files),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
