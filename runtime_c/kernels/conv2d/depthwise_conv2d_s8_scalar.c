/* Depthwise convolution (one input channel a group, any multiplier), int8, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "conv2d_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* layer->weights here: [kernel_height][kernel_width][output_channels] */
BTW_KERNEL void btw_depthwise_conv2d_s8_scalar(const btw_conv2d_s8 *layer, const void *const rows[], int8_t *y)
{
    const int multiplier = layer->output_channels / layer->input_channels;
    for (int ox = 0; ox < layer->output_width; ox++) {
        for (int oc = 0; oc < layer->output_channels; oc++) {
            const int first = ox * layer->stride_width * layer->input_channels + oc / multiplier;
            const int8_t *w = layer->weights + oc;
            int32_t acc = layer->bias[oc];
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *x = (const int8_t *)rows[ky] + first;
                for (int kx = 0; kx < layer->kernel_width; kx++) {
                    acc += *x * *w;
                    x += layer->dilation_width * layer->input_channels;
                    w += layer->output_channels;
                }
            }
            *y++ = btw_requantize(&layer->requantization, oc, acc);
        }
    }
}

#endif
