/* test_levels.c - loudness of a channel. */
#include "audio/levels.h"
#include "base/cleanup.h"
#include "base/test.h"
#include <math.h>

enum { N = 16000 };
static int16_t c[N];

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_loudness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
