/* QuantizeLinear, int8, AArch64: the bits of quantize_linear_s8_scalar.c. */
/* SPDX-License-Identifier: MIT-0 */
#include "quantize_linear_s8.h"
#include "btw_s8_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_quantize_linear_s8_neon(const btw_quantize_linear_s8 *layer, const float *x, int8_t *y,
                                                       int pixels)
{
    const int count = pixels * layer->channels;
    const float32x4_t scale = vdupq_n_f32(layer->scale);
    const int16x8_t zero_point = vdupq_n_s16((int16_t)layer->zero_point);
    int i = 0;
    for (; i <= count - 8; i += 8) {
        const int32x4_t low = vcvtnq_s32_f32(vdivq_f32(vld1q_f32(x + i), scale));
        const int32x4_t high = vcvtnq_s32_f32(vdivq_f32(vld1q_f32(x + i + 4), scale));
        vst1_s8(y + i, vqmovn_s16(vqaddq_s16(btw_neon_narrow(low, high), zero_point)));
    }
    for (; i < count; i++)
        y[i] = btw_quantize_s8(x[i], layer->scale, layer->zero_point);
}

#endif
