/* SiLU of each value, float32, NEON: unary_swish_f32_scalar.c but for rounding. */
/* SPDX-License-Identifier: MIT-0 */
#include "unary_f32.h"
#include "btw_functions_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_BLOCK float32x4_t btw_swish_f32(const btw_unary_f32 *layer, float32x4_t x)
{
    return btw_logistic(x, vmulq_f32(x, vdupq_n_f32(-layer->alpha)));
}

BTW_KERNEL void btw_unary_swish_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels)
{
    BTW_NEON_VALUES(btw_swish_f32, layer, x, y, pixels);
}

#endif
