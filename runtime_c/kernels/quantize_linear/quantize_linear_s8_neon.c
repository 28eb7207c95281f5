/* QuantizeLinear, int8, AArch64: the bits of quantize_linear_s8_scalar.c. */
/* SPDX-License-Identifier: MIT-0 */
#include "quantize_linear_s8.h"
#include "btw_operands_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_quantize_linear_s8_neon(const btw_quantize_linear_s8 *layer, const float *x, int8_t *y,
                                                       int pixels)
{
    const int count = pixels * layer->channels;
    int i = 0;
    for (; i <= count - 8; i += 8)
        vst1_s8(y + i, btw_neon_quantize(vld1q_f32(x + i), vld1q_f32(x + i + 4), layer->scale, layer->zero_point));
    for (; i < count; i++)
        y[i] = btw_quantize_s8(x[i], layer->scale, layer->zero_point);
}

#endif
