/* 2-D convolution, float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "conv2d_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_f32_scalar(const btw_conv2d_f32 *layer, const void *const rows[], float *y)
{
    const int channels = layer->input_channels / layer->groups; /* read by each output channel */
    const int group_size = layer->output_channels / layer->groups;
    for (int ox = 0; ox < layer->output_width; ox++) {
        const float *w = layer->weights;
        for (int oc = 0; oc < layer->output_channels; oc++) {
            const int first = ox * layer->stride_width * layer->input_channels + oc / group_size * channels;
            float acc = layer->bias[oc];
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const float *x = (const float *)rows[ky] + first;
                for (int kx = 0; kx < layer->kernel_width; kx++) {
                    for (int ic = 0; ic < channels; ic++)
                        acc += x[ic] * w[ic];
                    x += layer->dilation_width * layer->input_channels;
                    w += channels;
                }
            }
            *y++ = acc < layer->low ? layer->low : acc > layer->high ? layer->high : acc;
        }
    }
}

#endif
