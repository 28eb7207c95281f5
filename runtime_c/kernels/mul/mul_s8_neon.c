/* Multiplication, int8, NEON: the bits of mul_s8_scalar.c. */
/* SPDX-License-Identifier: MIT-0 */
#include "mul_s8.h"
#include "btw_operands_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Requantized by any shift: VQDMULH is (product * multiplier) >> 31, so that one bit more is shifted out. */
BTW_NEON int32x4_t btw_neon_mul_4(const btw_mul_s8 *layer, int16x4_t a, int16x4_t b)
{
    const int32x4_t high = vqdmulhq_s32(vmull_s16(a, b), vdupq_n_s32(layer->requantization.multiplier[0]));
    return vrshlq_s32(high, vdupq_n_s32(-1 - layer->requantization.shift));
}

BTW_NEON int8x8_t btw_neon_mul_8(const btw_mul_s8 *layer, int8x8_t a, int8x8_t b)
{
    const int16x8_t x = vsubq_s16(vmovl_s8(a), vdupq_n_s16((int16_t)layer->a_zero_point));
    const int16x8_t z = vsubq_s16(vmovl_s8(b), vdupq_n_s16((int16_t)layer->b_zero_point));
    const int16x8_t codes = btw_neon_narrow(btw_neon_mul_4(layer, vget_low_s16(x), vget_low_s16(z)),
                                            btw_neon_mul_4(layer, vget_high_s16(x), vget_high_s16(z)));
    return vqmovn_s16(vqaddq_s16(codes, vdupq_n_s16((int16_t)layer->requantization.zero_point)));
}

BTW_KERNEL BTW_FOLDED void btw_mul_s8_neon(const btw_mul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                           int pixels)
{
    BTW_NEON_PAIRS(btw_neon_mul_8, layer, a, b, y, pixels);
}

#endif
