/* DequantizeLinear, int16 to float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "dequantize_linear_s16.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_dequantize_linear_s16_scalar(const btw_dequantize_linear_s16 *layer, const int16_t *x, float *y,
                                                 int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++)
        y[i] = layer->scale * (float)(x[i] - layer->zero_point);
}

#endif
