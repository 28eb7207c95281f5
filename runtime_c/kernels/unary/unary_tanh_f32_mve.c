/* Tanh, float32, Helium: 4 values at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_unary_tanh_f32_scalar but for rounding and NaNs; y may be x. */
#include "btw_unary_f32_mve.h"
#include "unary_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* 1 - 2 / (1 + e**(2x)) */
BTW_UNARY_F32_MVE_LOOP(btw_unary_tanh_f32_mve_values, BTW_UNARY_F32_MVE_ENDS "vdup.32 q4, r12\n\tvdup.32 q5, r5\n\t",
                       "vadd.f32 q0, q0, q0\n\t" BTW_UNARY_F32_MVE_EXP "vadd.f32 q0, q0, r12\n\t"
                       "vdiv.f32 s0, s20, s0\n\tvdiv.f32 s1, s21, s1\n\tvdiv.f32 s2, s22, s2\n\tvdiv.f32 s3, s23, "
                       "s3\n\tvsub.f32 q0, q4, q0\n\t")

BTW_KERNEL void btw_unary_tanh_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels)
{
    const btw_unary_f32_mve frame = {
        .x = x,
        .y = y,
        .count = pixels * layer->channels,
        .alpha = 0.0f,
        .beta = 2.0f,
        .exponential = BTW_UNARY_F32_MVE_EXPONENTIAL,
    };
    btw_unary_tanh_f32_mve_values(&frame);
}

#endif
