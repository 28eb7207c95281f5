/* QuantizeLinear, int8: the plain C twin of the FPU kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "quantize_linear_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_quantize_linear_s8_fpu(const btw_quantize_linear_s8 *layer, const float *x, int8_t *y, int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++)
        y[i] = btw_quantize_s8(x[i], layer->scale, layer->zero_point);
}

#endif
