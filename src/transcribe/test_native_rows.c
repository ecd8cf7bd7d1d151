/* Products in 8 bits against those in double, in the CPU's own form and in ggml's. */
#include "base/test.h"
#include "transcribe/native_rows.h"
#include <math.h>

static struct kol_err err;

static float noise(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return (float)(*state >> 8) / (1 << 24) - 0.5F;
}

static void check_product(int n, int k, int m)
{
    float *w = calloc((size_t)n * k, sizeof(*w)), *x = calloc((size_t)m * k, sizeof(*x));
    float *y = calloc((size_t)m * n, sizeof(*y)), *bias = calloc(n, sizeof(*bias));
    float *row = calloc(k, sizeof(*row));
    struct kol_rows *rows;
    struct kol_rows_input *in;
    uint32_t state = 1;

    for (int i = 0; i < n * k; i++)
        w[i] = noise(&state) * (i % 7 == 0 ? 3 : 1);
    for (int i = 0; i < m * k; i++)
        x[i] = noise(&state);
    for (int i = 0; i < n; i++)
        bias[i] = noise(&state);
    check_ok("rows", kol_rows_new(w, n, k, &rows, &err), &err);
    check_ok("input", kol_rows_input_new(m, k, &in, &err), &err);
    kol_rows_input_set(in, x, m, k);
    kol_rows_multiply(rows, in, bias, y);

    for (int i = 0; i < n; i++) {
        kol_rows_get(rows, i, row);
        for (int j = 0; j < k; j++)
            assert_true(fabsf(row[j] - w[(size_t)i * k + j]) < 0.01F);
        for (int v = 0; v < m; v++) {
            double wanted = bias[i];
            for (int j = 0; j < k; j++)
                wanted += (double)row[j] * x[(size_t)v * k + j];
            if (fabs(y[(size_t)v * n + i] - wanted) > 0.004 * sqrt(k))
                fail_msg("%d x %d, vector %d of %d, row %d: %f, expected %f", n, k, v, m, i,
                         y[(size_t)v * n + i], wanted);
        }
    }
    kol_rows_free(rows);
    kol_rows_input_free(in);
    free(w), free(x), free(y), free(bias), free(row);
}

static void test_products(void **state)
{
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        kol_rows_plain(plain);
        check_product(16, 64, 1);
        check_product(1, 64, 1);
        check_product(37, 128, 1);
        check_product(48, 512, 2);
        check_product(33, 384, 7);
    }
    kol_rows_plain(false);
}

static void test_zeros_and_no_numbers(void **state)
{
    (void)state;
    float w[64] = {0}, x[64] = {0}, y = 1;
    struct kol_rows *rows;
    struct kol_rows_input *in;

    check_ok("rows", kol_rows_new(w, 1, 64, &rows, &err), &err);
    check_ok("input", kol_rows_input_new(1, 64, &in, &err), &err);
    kol_rows_input_set(in, x, 1, 64);
    kol_rows_multiply(rows, in, NULL, &y);
    assert_true(y == 0);
    x[3] = NAN;
    x[40] = INFINITY;
    kol_rows_input_set(in, x, 1, 64); /* only must not be undefined */
    kol_rows_multiply(rows, in, NULL, &y);
    kol_rows_free(rows);
    kol_rows_input_free(in);
    check_code("columns", kol_rows_new(w, 1, 63, &rows, &err), KOL_BAD_INPUT, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_zeros_and_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
