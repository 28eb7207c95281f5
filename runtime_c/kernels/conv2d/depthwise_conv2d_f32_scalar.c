/* Depthwise convolution (one input channel a group, any multiplier), float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "conv2d_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* layer->weights here: [kernel_height][kernel_width][output_channels] */
BTW_KERNEL void btw_depthwise_conv2d_f32_scalar(const btw_conv2d_f32 *layer, const void *const rows[], float *y)
{
    const int multiplier = layer->output_channels / layer->input_channels;
    for (int ox = 0; ox < layer->output_width; ox++) {
        for (int oc = 0; oc < layer->output_channels; oc++) {
            const int first = ox * layer->stride_width * layer->input_channels + oc / multiplier;
            const float *w = layer->weights + oc;
            float acc = layer->bias[oc];
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const float *x = (const float *)rows[ky] + first;
                for (int kx = 0; kx < layer->kernel_width; kx++) {
                    acc += *x * *w;
                    x += layer->dilation_width * layer->input_channels;
                    w += layer->output_channels;
                }
            }
            *y++ = acc < layer->low ? layer->low : acc > layer->high ? layer->high : acc;
        }
    }
}

#endif
