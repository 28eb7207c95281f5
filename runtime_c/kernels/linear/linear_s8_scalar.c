/* Fully connected layer, int8, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "linear_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_linear_s8_scalar(const btw_linear_s8 *layer, const int8_t *x, int8_t *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += layer->inputs) {
        const int8_t *w = layer->weights;
        for (int oc = 0; oc < layer->outputs; oc++, w += layer->inputs) {
            int32_t acc = layer->bias[oc];
            for (int ic = 0; ic < layer->inputs; ic++)
                acc += x[ic] * w[ic];
            *y++ = btw_requantize(&layer->requantization, oc, acc);
        }
    }
}

#endif
