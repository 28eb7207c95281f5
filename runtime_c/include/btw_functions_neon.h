/* Functions of float32 values for NEON, four at a time: exponentials, quotients, the loop over the values of a layer.
 */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_FUNCTIONS_NEON_H
#define BTW_FUNCTIONS_NEON_H

#include "btw_f32_neon.h"

#if defined(__arm__)

/* Armv7-A has no division: an estimate of 1 / b, made better three times; within 2 units in the last place. */
BTW_BLOCK float32x4_t btw_quotient(float32x4_t a, float32x4_t b)
{
    float32x4_t inverse = vrecpeq_f32(b);
    for (int i = 0; i < 3; i++)
        inverse = vmulq_f32(inverse, vrecpsq_f32(b, inverse));
    return vmulq_f32(a, inverse);
}

#else

BTW_BLOCK float32x4_t btw_quotient(float32x4_t a, float32x4_t b)
{
    return vdivq_f32(a, b);
}

#endif

/* e**x for -87 <= x <= 88, else that of the nearer end: 2**n * e**r by a polynomial in r (Cephes expf), within 2 units
 * in the last place. n is in the lower bits of what is shifted. */
BTW_BLOCK float32x4_t btw_exponential(float32x4_t x)
{
    const float32x4_t magic = vdupq_n_f32(12582912.0f), one = vdupq_n_f32(1.0f); /* 1.5 * 2**23 */
    const float32x4_t within = vminq_f32(vmaxq_f32(x, vdupq_n_f32(-87.0f)), vdupq_n_f32(88.0f));
    const float32x4_t shifted = btw_multiply_add(magic, within, vdupq_n_f32(1.44269504f));
    const float32x4_t n = vsubq_f32(shifted, magic);
    const float32x4_t near = btw_multiply_add(within, n, vdupq_n_f32(-0.693359375f));
    const float32x4_t r = btw_multiply_add(near, n, vdupq_n_f32(2.12194440e-4f));
    float32x4_t p = btw_multiply_add(vdupq_n_f32(1.3981999507e-3f), r, vdupq_n_f32(1.9875691500e-4f));
    p = btw_multiply_add(vdupq_n_f32(8.3334519073e-3f), p, r);
    p = btw_multiply_add(vdupq_n_f32(4.1665795894e-2f), p, r);
    p = btw_multiply_add(vdupq_n_f32(1.6666665459e-1f), p, r);
    p = btw_multiply_add(vdupq_n_f32(5.0000001201e-1f), p, r);
    p = btw_multiply_add(vaddq_f32(r, one), vmulq_f32(p, r), r);
    const uint32x4_t power = vshlq_n_u32(vreinterpretq_u32_f32(shifted), 23);
    return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(p), power));
}

/* numerator / (1 + e**x) */
BTW_BLOCK float32x4_t btw_logistic(float32x4_t numerator, float32x4_t x)
{
    return btw_quotient(numerator, vaddq_f32(vdupq_n_f32(1.0f), btw_exponential(x)));
}

/* y[pixels][channels] = four(layer, x), vectors of values. */
#define BTW_NEON_VALUES(four, layer, x, y, pixels)                                                                     \
    do {                                                                                                               \
        const int count = pixels * layer->channels;                                                                    \
        int i = 0;                                                                                                     \
        for (; i <= count - 4; i += 4)                                                                                 \
            vst1q_f32(y + i, four(layer, vld1q_f32(x + i)));                                                           \
        if (i < count) {                                                                                               \
            float few[4] = {0.0f, 0.0f, 0.0f, 0.0f};                                                                   \
            for (int v = 0; v < count - i; v++)                                                                        \
                few[v] = x[i + v];                                                                                     \
            vst1q_f32(few, four(layer, vld1q_f32(few)));                                                               \
            for (int v = 0; v < count - i; v++)                                                                        \
                y[i + v] = few[v];                                                                                     \
        }                                                                                                              \
    } while (0)

#endif
