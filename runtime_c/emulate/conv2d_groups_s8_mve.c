/* Plain C twin of conv2d_groups_s8_mve.c: the same stream, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_groups_s8_mve(const btw_conv2d_groups_s8_mve_layer *layer, const void *const rows[],
                                         int8_t *y, void *scratch)
{
    int8_t *const window = scratch;
    const int inputs = layer->group_inputs, size = layer->kernel_height * layer->kernel_width * inputs;
    for (int ox = 0; ox < layer->output_width; ox++) {
        for (int group = 0; group < layer->groups; group++) {
            const int32_t *const stream = layer->stream + group * layer->words;
            for (int i = 0; i < layer->kernel_height * layer->kernel_width; i++) {
                const int8_t *const x = (const int8_t *)rows[i / layer->kernel_width] + ox * layer->advance;
                const int at = group * inputs + i % layer->kernel_width * layer->next;
                memcpy(window + i * inputs, x + at, (size_t)inputs);
            }
            for (int oc = 0; oc < layer->group_outputs; oc++)
                *y++ = btw_mve_pixel(stream, size, layer->group_outputs, 0, oc, window, layer->by_scale,
                                     layer->zero_point);
        }
    }
}

#endif
