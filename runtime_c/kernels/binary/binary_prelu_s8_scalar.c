/* PRelu of two tensors that broadcast, int8 codes, computed in float32, any processor. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "binary_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_binary_prelu_s8_scalar(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y,
                                           int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x0 += layer->a_pixel, x1 += layer->b_pixel) {
        for (int c = 0; c < layer->channels; c++) {
            const float a = layer->a_scale * (float)(x0[c * layer->a_channel] - layer->a_zero_point);
            const float b = layer->b_scale * (float)(x1[c * layer->b_channel] - layer->b_zero_point);
            *y++ = btw_quantize_s8((a < 0.0f ? a * b : a), layer->y_scale, layer->y_zero_point);
        }
    }
}

#endif
