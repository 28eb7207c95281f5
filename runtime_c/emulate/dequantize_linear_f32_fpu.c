/* DequantizeLinear, int8 to float32: the plain C twin of the FPU kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "dequantize_linear_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_dequantize_linear_f32_fpu(const btw_dequantize_linear_f32 *layer, const int8_t *x, float *y,
                                              int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++)
        y[i] = layer->scale * (float)(x[i] - layer->zero_point);
}

#endif
