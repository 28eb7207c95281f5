/* Addition, int8, NEON: the bits of add_s8_scalar.c, for shifts of 16 and more. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_s8.h"
#include "btw_s8_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* (v + constant) >> 16 for four pairs of codes; exact halves are found in all 32 bits. */
BTW_NEON int16x4_t btw_neon_add_4(const btw_add_s8 *layer, int16x4_t a, int16x4_t b)
{
    const int32x4_t constant = vdupq_n_s32(layer->constant);
    const int32x4_t v = vmlaq_n_s32(vmulq_n_s32(vmovl_s16(a), layer->a_multiplier), vmovl_s16(b), layer->b_multiplier);
    if (!layer->half_even)
        return vaddhn_s32(v, constant);
    const int32x4_t whole = vaddq_s32(v, constant), code = vshlq_s32(whole, vdupq_n_s32(-layer->shift));
    return vaddhn_s32(whole, vandq_s32(code, vdupq_n_s32(1)));
}

BTW_NEON int8x8_t btw_neon_add_8(const btw_add_s8 *layer, int8x8_t a, int8x8_t b)
{
    const int16x8_t x = vmovl_s8(a), z = vmovl_s8(b);
    const int16x8_t high = vcombine_s16(btw_neon_add_4(layer, vget_low_s16(x), vget_low_s16(z)),
                                        btw_neon_add_4(layer, vget_high_s16(x), vget_high_s16(z)));
    return vqmovn_s16(vshlq_s16(high, vdupq_n_s16((int16_t)(16 - layer->shift))));
}

BTW_KERNEL BTW_FOLDED void btw_add_s8_neon(const btw_add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                           int pixels)
{
    const int count = pixels * layer->channels;
    int i = 0;
    for (; i <= count - 16; i += 16) {
        const int8x16_t x = vld1q_s8(a + i), z = vld1q_s8(b + i);
        vst1q_s8(y + i, vcombine_s8(btw_neon_add_8(layer, vget_low_s8(x), vget_low_s8(z)),
                                    btw_neon_add_8(layer, vget_high_s8(x), vget_high_s8(z))));
    }
    for (; i < count; i += 8) {
        const size_t rest = (size_t)(count - i < 8 ? count - i : 8);
        int8_t few[2][8] = {{0}};
        memcpy(few[0], a + i, rest);
        memcpy(few[1], b + i, rest);
        vst1_s8(few[0], btw_neon_add_8(layer, vld1_s8(few[0]), vld1_s8(few[1])));
        memcpy(y + i, few[0], rest);
    }
}

#endif
