/* Tanh of each value, float32, NEON: unary_tanh_f32_scalar.c but for rounding. */
/* SPDX-License-Identifier: MIT-0 */
/* 2 * sigmoid(2 * x) - 1 */
#include "unary_f32.h"
#include "btw_functions_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_BLOCK float32x4_t btw_tanh_f32(const btw_unary_f32 *layer, float32x4_t x)
{
    (void)layer;
    const float32x4_t sigmoid = btw_logistic(vdupq_n_f32(2.0f), vmulq_f32(x, vdupq_n_f32(-2.0f)));
    return vsubq_f32(sigmoid, vdupq_n_f32(1.0f));
}

BTW_KERNEL void btw_unary_tanh_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels)
{
    BTW_NEON_VALUES(btw_tanh_f32, layer, x, y, pixels);
}

#endif
