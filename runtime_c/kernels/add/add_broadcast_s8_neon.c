/* Addition of operands that broadcast, int8, NEON: the bits of add_broadcast_s8_scalar.c, for shifts of 16 and more. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_s8.h"
#include "btw_operands_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* (v + constant) >> 16 for four pairs of codes; exact halves are found in all 32 bits. */
BTW_NEON int16x4_t btw_neon_add_broadcast_4(const btw_add_broadcast_linear_s8 *layer, int32x4_t a, int32x4_t b)
{
    const int32x4_t of_a = vdupq_n_s32(layer->a_multiplier), of_b = vdupq_n_s32(layer->b_multiplier);
    const int32x4_t v = vmlaq_s32(vmulq_s32(a, of_a), b, of_b);
    const int32x4_t whole = vaddq_s32(v, vdupq_n_s32(layer->constant));
    const int32x4_t odd = vandq_s32(vshlq_s32(whole, vdupq_n_s32(-layer->shift)), vdupq_n_s32(layer->half_even));
    return vaddhn_s32(whole, odd);
}

BTW_NEON int8x8_t btw_neon_add_broadcast_8(const btw_add_broadcast_linear_s8 *layer, int8x8_t a, int8x8_t b)
{
    const int16x8_t x = vmovl_s8(a), z = vmovl_s8(b);
    const int16x8_t high = vcombine_s16(btw_neon_add_broadcast_4(layer, btw_neon_low_s32(x), btw_neon_low_s32(z)),
                                        btw_neon_add_broadcast_4(layer, btw_neon_high_s32(x), btw_neon_high_s32(z)));
    return vqmovn_s16(vshlq_s16(high, vdupq_n_s16((int16_t)(16 - layer->shift))));
}

BTW_KERNEL BTW_FOLDED void btw_add_broadcast_s8_neon(const btw_add_broadcast_linear_s8 *layer, const int8_t *a,
                                                     const int8_t *b, int8_t *y, int pixels)
{
    BTW_NEON_PAIRS(btw_neon_add_broadcast_8, layer, a, b, y, pixels);
}

#endif
