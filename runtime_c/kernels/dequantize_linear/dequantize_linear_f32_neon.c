/* DequantizeLinear, int8 to float32, NEON: the bits of dequantize_linear_f32_scalar.c. */
/* SPDX-License-Identifier: MIT-0 */
#include "dequantize_linear_f32.h"
#include "btw_s8_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_dequantize_linear_f32_neon(const btw_dequantize_linear_f32 *layer, const int8_t *x,
                                                          float *y, int pixels)
{
    const int count = pixels * layer->channels;
    const float32x4_t scale = vdupq_n_f32(layer->scale);
    const int16x8_t zero_point = vdupq_n_s16((int16_t)layer->zero_point);
    int i = 0;
    for (; i <= count - 8; i += 8) {
        const int16x8_t centred = vsubq_s16(vmovl_s8(vld1_s8(x + i)), zero_point);
        vst1q_f32(y + i, vmulq_f32(scale, vcvtq_f32_s32(vmovl_s16(vget_low_s16(centred)))));
        vst1q_f32(y + i + 4, vmulq_f32(scale, vcvtq_f32_s32(vmovl_s16(vget_high_s16(centred)))));
    }
    for (const int end = i + (count & 7); i < end; i++) /* a bound that gcc sees */
        y[i] = layer->scale * (float)(x[i] - layer->zero_point);
}

#endif
