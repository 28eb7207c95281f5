/* Mish, float32, Helium: 4 values at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_unary_mish_f32_scalar but for rounding and NaNs; y may be x. */
#include "btw_unary_f32_mve.h"
#include "unary_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* x * n / (n + 2) with n = e * (e + 2), e = e**min(x, 20) */
BTW_UNARY_F32_MVE_LOOP(btw_unary_mish_f32_mve_values, BTW_UNARY_F32_MVE_ENDS "vdup.32 q7, r4\n\t",
                       "vmov q3, q0\n\t" BTW_UNARY_F32_MVE_EXP
                       "vadd.f32 q1, q0, r5\n\tvmul.f32 q1, q1, q0\n\tvadd.f32 q2, q1, r5\n\tvmul.f32 q0, q3, q1\n\t"
                       "vdiv.f32 s0, s0, s8\n\tvdiv.f32 s1, s1, s9\n\tvdiv.f32 s2, s2, s10\n\tvdiv.f32 s3, s3, s11\n\t")

BTW_KERNEL void btw_unary_mish_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels)
{
    const btw_unary_f32_mve frame = {
        .x = x,
        .y = y,
        .count = pixels * layer->channels,
        .alpha = 20.0f,
        .beta = 2.0f,
        .exponential = BTW_UNARY_F32_MVE_EXPONENTIAL,
    };
    btw_unary_mish_f32_mve_values(&frame);
}

#endif
