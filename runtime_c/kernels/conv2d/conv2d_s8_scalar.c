/* 2-D convolution, int8, any processor: the plain twin of every other int8 convolution. */
/* SPDX-License-Identifier: MIT-0 */
#include "conv2d_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_s8_scalar(const btw_conv2d_s8 *layer, const void *const rows[], int8_t *y)
{
    const int channels = layer->input_channels / layer->groups; /* read by each output channel */
    const int group_size = layer->output_channels / layer->groups;
    for (int ox = 0; ox < layer->output_width; ox++) {
        const int8_t *w = layer->weights;
        for (int oc = 0; oc < layer->output_channels; oc++) {
            const int first = ox * layer->stride_width * layer->input_channels + oc / group_size * channels;
            int32_t acc = layer->bias[oc];
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *x = (const int8_t *)rows[ky] + first;
                for (int kx = 0; kx < layer->kernel_width; kx++) {
                    for (int ic = 0; ic < channels; ic++)
                        acc += x[ic] * w[ic];
                    x += layer->dilation_width * layer->input_channels;
                    w += channels;
                }
            }
            *y++ = btw_requantize(&layer->requantization, oc, acc);
        }
    }
}

#endif
