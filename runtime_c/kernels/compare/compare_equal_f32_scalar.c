/* Whether a is equal to b, for two tensors that broadcast, float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "compare_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_compare_equal_f32_scalar(const btw_compare_f32 *layer, const float *x0, const float *x1, uint8_t *y,
                                             int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x0 += layer->a_pixel, x1 += layer->b_pixel) {
        for (int c = 0; c < layer->channels; c++) {
            const float a = x0[c * layer->a_channel], b = x1[c * layer->b_channel];
            *y++ = a == b;
        }
    }
}

#endif
