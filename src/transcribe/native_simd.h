/*
 * native_simd.h - the same loops for several generations of CPUs, and an exp() that compilers can
 * put into vectors.
 *
 * A loop is written once, as a KOL_BODY, and compiled once per generation by KOL_EACH_CPU(); which
 * one runs is asked at run time. So one binary serves every machine.
 * Used by: native_*.c.
 */
#ifndef KOL_TRANSCRIBE_NATIVE_SIMD_H
#define KOL_TRANSCRIBE_NATIVE_SIMD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define KOL_BODY static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define KOL_AVX2 __attribute__((target("avx2,fma,f16c")))
#define KOL_AVX512                                                                                 \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

static inline bool kol_cpu_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

/* With the dot products of 8 bit integers ("VNNI"). */
static inline bool kol_cpu_avx512(void)
{
    return kol_cpu_avx2() && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}

/* Defines `static type name params`, which calls body(args) compiled for the CPU at hand. */
#define KOL_EACH_CPU(type, name, params, body, args)                                               \
    KOL_AVX512 static type name##_avx512 params                                                    \
    {                                                                                              \
        return body args;                                                                          \
    }                                                                                              \
    KOL_AVX2 static type name##_avx2 params                                                        \
    {                                                                                              \
        return body args;                                                                          \
    }                                                                                              \
    static type name params                                                                        \
    {                                                                                              \
        if (kol_cpu_avx512())                                                                      \
            return name##_avx512 args;                                                             \
        if (kol_cpu_avx2())                                                                        \
            return name##_avx2 args;                                                               \
        return body args;                                                                          \
    }
#else
static inline bool kol_cpu_avx2(void)
{
    return false;
}
static inline bool kol_cpu_avx512(void)
{
    return false;
}
#define KOL_EACH_CPU(type, name, params, body, args)                                               \
    static type name params                                                                        \
    {                                                                                              \
        return body args;                                                                          \
    }
#endif

/* 1.5 * 2^23: a number that is added to it loses its fraction, and stands in its low bits. */
#define KOL_WHOLE 12582912.0F

union kol_float {
    float number;
    uint32_t bits;
};

/* x to the nearest of -127..127; of what is no number, any of them. */
KOL_BODY int32_t kol_round_small(float x)
{
    const union kol_float sum = {.number = x + KOL_WHOLE}, whole = {.number = KOL_WHOLE};
    int32_t value = (int32_t)(sum.bits - whole.bits);

    value = value > -127 ? value : -127;
    return value < 127 ? value : 127;
}

/*
 * exp(x) within 2e-7 of it, relative; x below -87 (and what is no number) counts as -87, x above 87
 * as 87. Source: Cephes expf().
 */
KOL_BODY float kol_exp(float x)
{
    x = x > -87.0F ? x : -87.0F;
    x = x < 87.0F ? x : 87.0F;
    const float shifted = x * 1.44269504F + KOL_WHOLE;
    const float n = shifted - KOL_WHOLE;
    const float r = x - n * 0.693359375F + n * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1.0F;
    union kol_float power = {.number = shifted};
    power.bits = (power.bits + 127) << 23;
    return p * power.number;
}

#endif
