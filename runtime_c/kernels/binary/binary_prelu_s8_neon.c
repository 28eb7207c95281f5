/* PRelu by slopes that broadcast, int8, AArch64: the bits of binary_prelu_s8_scalar.c. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "binary_s8.h"
#include "btw_operands_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_NEON float32x4_t btw_neon_prelu_s8(float32x4_t a, float32x4_t b)
{
    return vbslq_f32(vcgtq_f32(vdupq_n_f32(0.0f), a), vmulq_f32(a, b), a);
}

BTW_NEON int8x8_t btw_neon_prelu_8(const btw_binary_s8 *layer, int8x8_t x0, int8x8_t x1)
{
    const int16x8_t a = vsubq_s16(vmovl_s8(x0), vdupq_n_s16((int16_t)layer->a_zero_point));
    const int16x8_t b = vsubq_s16(vmovl_s8(x1), vdupq_n_s16((int16_t)layer->b_zero_point));
    const float as = layer->a_scale, bs = layer->b_scale;
    return btw_neon_quantize(btw_neon_prelu_s8(btw_neon_low_real(as, a), btw_neon_low_real(bs, b)),
                             btw_neon_prelu_s8(btw_neon_high_real(as, a), btw_neon_high_real(bs, b)), layer->y_scale,
                             layer->y_zero_point);
}

BTW_KERNEL BTW_FOLDED void btw_binary_prelu_s8_neon(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1,
                                                    int8_t *y, int pixels)
{
    BTW_NEON_PAIRS(btw_neon_prelu_8, layer, x0, x1, y, pixels);
}

#endif
