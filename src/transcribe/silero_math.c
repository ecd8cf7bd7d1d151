#include "transcribe/silero_math.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

/*
 * e to the x within 2e-7 of itself, in steps that vectorise: 2^n from the bits of the exponent,
 * the rest by the first terms of the series.
 */
static inline __attribute__((always_inline)) float exponential(float x)
{
    const float round = 12582912.0F; /* 1.5 * 2^23: what is added to it loses its fraction */
    uint32_t bits;
    float power;

    x = x > 80.0F ? 80.0F : x;
    x = x < -80.0F ? -80.0F : x;
    const float n = x * 1.44269504F + round - round;
    const float r = x - n * 0.693359375F + n * 2.12194440e-4F;
    const float series =
        1 +
        r * (1 + r * (0.5F + r * (0.166666667F + r * (0.0416666667F +
                                                      r * (0.00833333333F + r * 0.00138888889F)))));
    bits = (uint32_t)((int32_t)n + 127) << 23;
    memcpy(&power, &bits, sizeof(power));
    return power * series;
}

static inline __attribute__((always_inline)) float sigmoid(float x)
{
    return 1 / (1 + exponential(-x));
}

static inline __attribute__((always_inline)) float tangent(float x)
{
    return 2 * sigmoid(2 * x) - 1;
}

/* What every CPU has: SSE2 or NEON, else what the compiler makes of it. */
#define KERNEL(name) name##_portable
#define TARGET
#define LANES 4
#define TILE 4
#include "transcribe/silero_kernel.h"
#undef KERNEL
#undef TARGET
#undef LANES
#undef TILE

static bool always(void)
{
    return true;
}

#ifdef __x86_64__
#define KERNEL(name) name##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define TILE 4
#include "transcribe/silero_kernel.h"
#undef KERNEL
#undef TARGET
#undef LANES
#undef TILE

#define KERNEL(name) name##_avx512
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl")))
#define LANES 16
#define TILE 8
#include "transcribe/silero_kernel.h"

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

const struct kol_silero_kernels kol_silero_kernels[] = {
    {"portable", always, product_portable, step_portable},
#ifdef __x86_64__
    {"avx2", has_avx2, product_avx2, step_avx2},
    {"avx512", has_avx512, product_avx512, step_avx512},
#endif
};
const size_t kol_silero_kernel_count = sizeof(kol_silero_kernels) / sizeof(kol_silero_kernels[0]);
