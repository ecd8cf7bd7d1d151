/* test_levels.c - loudness of a channel, and channels that are one. */
#include "audio/levels.h"
#include "base/cleanup.h"
#include "base/test.h"
#include <math.h>

enum { N = 16000 };
static int16_t a[N], b[N], c[N];

static void fill(void)
{
    uint32_t seed = 1;

    for (int i = 0; i < N; i++) {
        seed = seed * 1664525 + 1013904223;
        a[i] = (int16_t)(10000 * sin(i * 0.05) * sin(i * 0.0003));
        b[i] = (int16_t)((int)(seed >> 16) % 8000 - 4000);
    }
}

static void measures_loudness(void **state)
{
    struct kol_levels l = {0};

    (void)state;
    check_int("nothing", kol_levels_rms_db(&l), -120);
    memset(c, 0, sizeof c);
    kol_levels_feed(&l, c, N);
    check_int("silence", kol_levels_rms_db(&l), -120);
    check_int("silence, peak", kol_levels_peak_db(&l), -120);

    l = (struct kol_levels){0};
    for (int i = 0; i < N; i++)
        c[i] = i % 2 ? -32768 : 32767;
    kol_levels_feed(&l, c, N);
    check_int("full", lround(kol_levels_rms_db(&l)), 0);
    check_int("clipped", l.clipped, N);
    check_int("peak", l.peak, 32768);

    l = (struct kol_levels){0};
    for (int i = 0; i < N; i++)
        c[i] = i % 2 ? -328 : 328;
    kol_levels_feed(&l, c, N);
    check_int("a hundredth", lround(kol_levels_rms_db(&l)), -40);
}

static bool identical(const int16_t *x, const int16_t *y)
{
    struct kol_twins t = {0};

    kol_twins_feed(&t, x, y, 5000);
    kol_twins_feed(&t, x + 5000, y + 5000, N - 5000);
    return kol_channels_identical(&t);
}

static void finds_fake_stereo(void **state)
{
    (void)state;
    fill();
    check_true("the same", identical(a, a));
    check_true("two speakers", !identical(a, b));

    for (int i = 0; i < N; i++)
        c[i] = (int16_t)(-a[i] / 2);
    check_true("inverted and softer", identical(a, c));
    for (int i = 0; i < N; i++)
        c[i] = (int16_t)(a[i] + b[i] / 40);
    check_true("with coding noise", identical(a, c));
    for (int i = 0; i < N; i++)
        c[i] = (int16_t)(a[i] / 10);
    check_true("cross-talk", !identical(a, c));
    for (int i = 0; i < N; i++)
        c[i] = (int16_t)(b[i] + a[i] / 5);
    check_true("echo of the other", !identical(a, c));
    memset(c, 0, sizeof c);
    check_true("one is silent", !identical(a, c));
    check_true("both are silent", !identical(c, c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_loudness),
        cmocka_unit_test(finds_fake_stereo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
