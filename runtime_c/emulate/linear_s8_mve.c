/* Plain C twin of linear_s8_mve.c: the same stream, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_linear_s8_mve(const btw_linear_s8_mve_layer *layer, const int8_t *x, int8_t *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += layer->inputs)
        for (int oc = 0; oc < layer->outputs; oc++)
            *y++ = btw_mve_pixel(layer->stream, layer->inputs, oc, x, layer->by_scale, layer->zero_point);
}

#endif
