/* One row of a transposed 2-D convolution, float32, any processor: pixels gather the input pixels that reach them. */
/* SPDX-License-Identifier: MIT-0 */
#include "conv_transpose2d_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv_transpose2d_f32_scalar(const btw_conv_transpose2d_f32 *layer, const void *const rows[],
                                                float *y)
{
    const int channels = layer->input_channels / layer->groups; /* read by each output channel */
    const int group_size = layer->output_channels / layer->groups;
    const int kernel = layer->kernel_height * layer->kernel_width * channels;
    for (int ox = 0; ox < layer->output_width; ox++, y += layer->output_channels) {
        for (int oc = 0; oc < layer->output_channels; oc++)
            y[oc] = layer->bias[oc];
        for (int ky = 0; ky < layer->kernel_height; ky++) {
            const float *const row = rows[ky];
            for (int kx = 0; kx < layer->kernel_width && row; kx++) {
                const int across = ox + layer->left - kx * layer->dilation_width;
                const int ix = across / layer->stride_width;
                if (across < 0 || across % layer->stride_width || ix >= layer->input_width)
                    continue;
                const float *pixel = row + ix * layer->input_channels;
                const float *w = layer->weights + (ky * layer->kernel_width + kx) * channels;
                for (int oc = 0; oc < layer->output_channels; oc++, w += kernel) {
                    const float *from = pixel + oc / group_size * channels;
                    float acc = 0.0f;
                    for (int ic = 0; ic < channels; ic++)
                        acc += from[ic] * w[ic];
                    y[oc] += acc;
                }
            }
        }
    }
}

#endif
