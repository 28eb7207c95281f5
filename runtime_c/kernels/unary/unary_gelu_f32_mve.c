/* Gelu, float32, Helium: 4 values at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_unary_gelu_f32_scalar but for rounding and NaNs; y may be x. */
#include "btw_unary_f32_mve.h"
#include "unary_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* max(x, 0) - |x| * erfc(|x| / sqrt(2)) / 2, where erfc(z) = (a1 * t + ... + a5 * t**5) * e**(-z * z) with t = 1 / (1 +
 * p * z), within 1.5e-7: Abramowitz and Stegun, Handbook of mathematical functions, 7.1.26. r0: p / sqrt(2), a5 / 2 to
 * a1 / 2. */
BTW_UNARY_F32_MVE_LOOP(
    btw_unary_gelu_f32_mve_values,
    "movw r5, #0\n\tmovt r5, #0xc2ae\n\tvdup.32 q6, r5\n\tmovt r5, #0x42b0\n\tvdup.32 q7, r5\n\t"
    "ldr r0, [r0, #48]\n\tvdup.32 q4, r12\n\t",
    "vmov q3, q0\n\tvmul.f32 q0, q0, q0\n\tvmul.f32 q0, q0, r4\n\t" BTW_UNARY_F32_MVE_EXP
    "vabs.f32 q1, q3\n\tldr r5, [r0]\n\tvmul.f32 q2, q1, r5\n\tvadd.f32 q2, q2, r12\n\t"
    "vdiv.f32 s8, s16, s8\n\tvdiv.f32 s9, s17, s9\n\tvdiv.f32 s10, s18, s10\n\tvdiv.f32 s11, s19, s11\n\t"
    "ldr r5, [r0, #4]\n\tvdup.32 q5, r5\n\t"
    ".irp at, 8, 12, 16, 20\n\tldr r5, [r0, #\\at]\n\tvfmas.f32 q5, q2, r5\n\t.endr\n\t"
    "vmul.f32 q5, q5, q2\n\tvmul.f32 q5, q5, q0\n\tvmul.f32 q5, q5, q1\n\t"
    "vmov.i32 q2, #0\n\tvmaxnm.f32 q3, q3, q2\n\tvsub.f32 q0, q3, q5\n\t")

BTW_KERNEL void btw_unary_gelu_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels)
{
    static const float numbers[] = {0.231641888f, 0.530702715f,  -0.726576014f,
                                    0.710706871f, -0.142248368f, 0.127414796f};
    const btw_unary_f32_mve frame = {
        .x = x,
        .y = y,
        .count = pixels * layer->channels,
        .alpha = -0.5f,
        .beta = 0.0f,
        .exponential = BTW_UNARY_F32_MVE_EXPONENTIAL,
        .more = numbers,
    };
    btw_unary_gelu_f32_mve_values(&frame);
}

#endif
