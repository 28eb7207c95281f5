/* Multiplication, int8, AArch64: the bits of mul_float_s8_scalar.c. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "mul_s8.h"
#include "btw_operands_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_NEON int32x4_t btw_neon_mul_float_4(const btw_mul_float_s8 *layer, int16x4_t a, int16x4_t b)
{
    const float32x4_t product = vmulq_f32(vcvtq_f32_s32(vmull_s16(a, b)), vdupq_n_f32(layer->ratio));
    return vcvtnq_s32_f32(vaddq_f32(product, vdupq_n_f32((float)layer->y_zero_point)));
}

BTW_NEON int8x8_t btw_neon_mul_float_8(const btw_mul_float_s8 *layer, int8x8_t a, int8x8_t b)
{
    const int16x8_t x = vsubq_s16(vmovl_s8(a), vdupq_n_s16((int16_t)layer->a_zero_point));
    const int16x8_t z = vsubq_s16(vmovl_s8(b), vdupq_n_s16((int16_t)layer->b_zero_point));
    const int16x8_t codes = btw_neon_narrow(btw_neon_mul_float_4(layer, vget_low_s16(x), vget_low_s16(z)),
                                            btw_neon_mul_float_4(layer, vget_high_s16(x), vget_high_s16(z)));
    return vqmovn_s16(vqaddq_s16(codes, vdupq_n_s16((int16_t)-layer->offset)));
}

BTW_KERNEL BTW_FOLDED void btw_mul_float_s8_neon(const btw_mul_float_s8 *layer, const int8_t *a, const int8_t *b,
                                                 int8_t *y, int pixels)
{
    BTW_NEON_PAIRS(btw_neon_mul_float_8, layer, a, b, y, pixels);
}

#endif
