/* Gelu of each value, float32, NEON: unary_gelu_f32_scalar.c but for rounding. */
/* SPDX-License-Identifier: MIT-0 */
/* erf within 1.5e-7: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26. */
#include "unary_f32.h"
#include "btw_functions_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_BLOCK float32x4_t btw_gelu_f32(const btw_unary_f32 *layer, float32x4_t x)
{
    (void)layer;
    const float32x4_t zero = vdupq_n_f32(0.0f), z = vmulq_f32(x, vdupq_n_f32(0.707106781f));
    const float32x4_t size = vmaxq_f32(z, vsubq_f32(zero, z)), one = vdupq_n_f32(1.0f);
    const float32x4_t t = btw_quotient(one, btw_multiply_add(one, size, vdupq_n_f32(0.3275911f)));
    float32x4_t p = btw_multiply_add(vdupq_n_f32(-1.453152027f), t, vdupq_n_f32(1.061405429f));
    p = btw_multiply_add(vdupq_n_f32(1.421413741f), p, t);
    p = btw_multiply_add(vdupq_n_f32(-0.284496736f), p, t);
    p = btw_multiply_add(vdupq_n_f32(0.254829592f), p, t);
    const float32x4_t beyond = vmulq_f32(vmulq_f32(p, t), btw_exponential(vsubq_f32(zero, vmulq_f32(z, z))));
    const float32x4_t share =
        vbslq_f32(vcgtq_f32(x, zero), vsubq_f32(vdupq_n_f32(2.0f), beyond), beyond); /* 1 + erf(z) */
    return vmulq_f32(vmulq_f32(x, vdupq_n_f32(0.5f)), share);
}

BTW_KERNEL void btw_unary_gelu_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels)
{
    BTW_NEON_VALUES(btw_gelu_f32, layer, x, y, pixels);
}

#endif
