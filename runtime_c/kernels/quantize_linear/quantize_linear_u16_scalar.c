/* QuantizeLinear, uint16, any processor. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "quantize_linear_u16.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_quantize_linear_u16_scalar(const btw_quantize_linear_u16 *layer, const float *x, uint16_t *y,
                                               int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++)
        y[i] = (uint16_t)btw_quantize_wide(x[i], layer->scale, layer->zero_point, 0, UINT16_MAX);
}

#endif
