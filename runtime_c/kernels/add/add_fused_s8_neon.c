/* Addition, int8, AArch64: onnxruntime's fused multiply-adds, where no pair of multipliers is exact. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_s8.h"
#include "btw_operands_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_NEON int32x4_t btw_neon_add_fused_4(const btw_add_fused_s8 *layer, int16x4_t a, int16x4_t b)
{
    const float32x4_t x = vcvtq_f32_s32(vmovl_s16(a)), z = vcvtq_f32_s32(vmovl_s16(b));
    return vcvtnq_s32_f32(vfmaq_n_f32(vfmaq_n_f32(vdupq_n_f32(layer->constant), z, layer->b_ratio), x, layer->a_ratio));
}

BTW_NEON int8x8_t btw_neon_add_fused_8(const btw_add_fused_s8 *layer, int8x8_t a, int8x8_t b)
{
    const int16x8_t x = vmovl_s8(a), z = vmovl_s8(b);
    return vqmovn_s16(btw_neon_narrow(btw_neon_add_fused_4(layer, vget_low_s16(x), vget_low_s16(z)),
                                      btw_neon_add_fused_4(layer, vget_high_s16(x), vget_high_s16(z))));
}

BTW_KERNEL BTW_FOLDED void btw_add_fused_s8_neon(const btw_add_fused_s8 *layer, const int8_t *a, const int8_t *b,
                                                 int8_t *y, int pixels)
{
    const int count = pixels * layer->channels;
    BTW_NEON_CODES(btw_neon_add_fused_8, layer, a, 1, b, 1, y, count);
}

#endif
