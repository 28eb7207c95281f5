/* Mish of each value, float32, NEON: unary_mish_f32_scalar.c but for rounding. */
/* SPDX-License-Identifier: MIT-0 */
/* x * n / (n + 2), n = e * (e + 2), e = e**min(x, 20). */
#include "unary_f32.h"
#include "btw_functions_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_BLOCK float32x4_t btw_mish_f32(const btw_unary_f32 *layer, float32x4_t x)
{
    (void)layer;
    const float32x4_t two = vdupq_n_f32(2.0f), e = btw_exponential(vminq_f32(x, vdupq_n_f32(20.0f)));
    const float32x4_t n = vmulq_f32(e, vaddq_f32(e, two));
    return btw_quotient(vmulq_f32(x, n), vaddq_f32(n, two));
}

BTW_KERNEL void btw_unary_mish_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels)
{
    BTW_NEON_VALUES(btw_mish_f32, layer, x, y, pixels);
}

#endif
