/* Addition, int8, AArch64: onnxruntime's fused multiply-adds, where no pair of multipliers is exact. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_s8.h"
#include "btw_s8_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_NEON int32x4_t btw_neon_add_fused_4(const btw_add_fused_s8 *layer, int16x4_t a, int16x4_t b)
{
    const float32x4_t x = vcvtq_f32_s32(vmovl_s16(a)), z = vcvtq_f32_s32(vmovl_s16(b));
    return vcvtnq_s32_f32(vfmaq_n_f32(vfmaq_n_f32(vdupq_n_f32(layer->constant), z, layer->b_ratio), x, layer->a_ratio));
}

BTW_KERNEL BTW_FOLDED void btw_add_fused_s8_neon(const btw_add_fused_s8 *layer, const int8_t *a, const int8_t *b,
                                                 int8_t *y, int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i += 8) {
        const size_t rest = (size_t)(count - i < 8 ? count - i : 8);
        int8_t few[2][8] = {{0}};
        memcpy(few[0], a + i, rest);
        memcpy(few[1], b + i, rest);
        const int16x8_t x = vmovl_s8(vld1_s8(few[0])), z = vmovl_s8(vld1_s8(few[1]));
        const int32x4_t low = btw_neon_add_fused_4(layer, vget_low_s16(x), vget_low_s16(z));
        const int32x4_t high = btw_neon_add_fused_4(layer, vget_high_s16(x), vget_high_s16(z));
        vst1_s8(few[0], vqmovn_s16(btw_neon_narrow(low, high)));
        memcpy(y + i, few[0], rest);
    }
}

#endif
