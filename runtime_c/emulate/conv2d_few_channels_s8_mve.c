/* Plain C twin of conv2d_few_channels_s8_mve.c: the same stream, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_few_channels_s8_mve(const btw_conv2d_few_channels_s8_mve_layer *layer,
                                               const void *const rows[], int8_t *y, void *scratch)
{
    int8_t *const window = scratch;
    const int size = layer->kernel_height * layer->parts * layer->length;
    for (int ox = 0; ox < layer->output_width; ox++) {
        for (int i = 0; i < layer->kernel_height * layer->parts; i++) {
            const int8_t *const x = (const int8_t *)rows[i / layer->parts] + i % layer->parts * layer->next;
            memcpy(window + i * layer->length, x + ox * layer->advance, (size_t)layer->length);
        }
        for (int oc = 0; oc < layer->outputs; oc++)
            *y++ = btw_mve_pixel(layer->stream, size, layer->outputs, layer->narrow, oc, window, layer->by_scale,
                                 layer->zero_point);
    }
}

#endif
