/* Addition, int8, NEON: the bits of add_s8_scalar.c, for shifts of 16 and more. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_s8.h"
#include "btw_operands_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* (v + constant) >> 16 for four sums; exact halves are found in all 32 bits. */
BTW_NEON int16x4_t btw_neon_add_4(const btw_add_s8 *layer, int32x4_t v)
{
    const int32x4_t constant = vdupq_n_s32(layer->constant);
    if (!layer->half_even)
        return vaddhn_s32(v, constant);
    const int32x4_t whole = vaddq_s32(v, constant), code = vshlq_s32(whole, vdupq_n_s32(-layer->shift));
    return vaddhn_s32(whole, vandq_s32(code, vdupq_n_s32(1)));
}

BTW_NEON int8x8_t btw_neon_add_8(const btw_add_s8 *layer, int8x8_t a, int8x8_t b)
{
    const int32x4_t of_a = vdupq_n_s32(layer->a_multiplier), of_b = vdupq_n_s32(layer->b_multiplier);
    const int together = layer->a_multiplier == layer->b_multiplier;
    const int16x8_t x = together ? vaddl_s8(a, b) : vmovl_s8(a), z = vmovl_s8(b);
    int32x4_t low = vmulq_s32(vmovl_s16(vget_low_s16(x)), of_a), high = vmulq_s32(vmovl_s16(vget_high_s16(x)), of_a);
    if (!together) {
        low = vmlaq_s32(low, vmovl_s16(vget_low_s16(z)), of_b);
        high = vmlaq_s32(high, vmovl_s16(vget_high_s16(z)), of_b);
    }
    const int16x8_t halves = vcombine_s16(btw_neon_add_4(layer, low), btw_neon_add_4(layer, high));
    if (layer->shift == 24) /* eight bits are left */
        return vshrn_n_s16(halves, 8);
    return vqmovn_s16(vshlq_s16(halves, vdupq_n_s16((int16_t)(16 - layer->shift))));
}

BTW_KERNEL BTW_FOLDED void btw_add_s8_neon(const btw_add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                           int pixels)
{
    const int count = pixels * layer->channels;
    BTW_NEON_CODES(btw_neon_add_8, layer, a, 1, b, 1, y, count);
}

#endif
