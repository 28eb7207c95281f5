/* HardSwish of each value, float32, NEON: unary_hard_swish_f32_scalar.c but for rounding. */
/* SPDX-License-Identifier: MIT-0 */
#include "unary_f32.h"
#include "btw_functions_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_BLOCK float32x4_t btw_hard_swish_f32(const btw_unary_f32 *layer, float32x4_t x)
{
    (void)layer;
    const float32x4_t line = btw_multiply_add(vdupq_n_f32(0.5f), x, vdupq_n_f32(1.0f / 6.0f));
    return vmulq_f32(x, vminq_f32(vmaxq_f32(line, vdupq_n_f32(0.0f)), vdupq_n_f32(1.0f)));
}

BTW_KERNEL void btw_unary_hard_swish_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels)
{
    BTW_NEON_VALUES(btw_hard_swish_f32, layer, x, y, pixels);
}

#endif
