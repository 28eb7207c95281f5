/* Gelu by tanh of each value, float32, NEON: unary_gelu_tanh_f32_scalar.c but for rounding. */
/* SPDX-License-Identifier: MIT-0 */
/* 0.5 * x * (1 + tanh(u)) is x * sigmoid(2 * u). */
#include "unary_f32.h"
#include "btw_functions_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_BLOCK float32x4_t btw_gelu_tanh_f32(const btw_unary_f32 *layer, float32x4_t x)
{
    (void)layer;
    const float32x4_t cubic = btw_multiply_add(vdupq_n_f32(-1.59576912f), vmulq_f32(x, x), vdupq_n_f32(-0.0713548163f));
    return btw_logistic(x, vmulq_f32(x, cubic));
}

BTW_KERNEL void btw_unary_gelu_tanh_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels)
{
    BTW_NEON_VALUES(btw_gelu_tanh_f32, layer, x, y, pixels);
}

#endif
