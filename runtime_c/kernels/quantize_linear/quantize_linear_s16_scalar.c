/* QuantizeLinear, int16, any processor. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "quantize_linear_s16.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_quantize_linear_s16_scalar(const btw_quantize_linear_s16 *layer, const float *x, int16_t *y,
                                               int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++)
        y[i] = (int16_t)btw_quantize_wide(x[i], layer->scale, layer->zero_point, INT16_MIN, INT16_MAX);
}

#endif
