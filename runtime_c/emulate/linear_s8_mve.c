/* Plain C twin of linear_s8_mve.c: the same stream, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

static inline void btw_linear_s8_mve_pixel(const btw_linear_s8_mve_layer *layer, const int8_t *x, int8_t *y)
{
    for (int oc = 0; oc < layer->outputs; oc++)
        y[oc] = btw_mve_pixel(layer->stream, layer->inputs, layer->outputs, layer->narrow, oc, x, layer->by_scale,
                              layer->zero_point);
}

BTW_KERNEL void btw_linear_s8_mve(const btw_linear_s8_mve_layer *layer, const int8_t *x, int8_t *y, int pixels)
{
    const int together = layer->together, inputs = layer->inputs / together, outputs = layer->outputs / together;
    for (int pixel = 0; pixel < pixels; pixel += together) {
        const int from = pixel + together <= pixels ? pixel : pixels - together;
        btw_linear_s8_mve_pixel(layer, x + from * inputs, y + from * outputs);
    }
}

#endif
