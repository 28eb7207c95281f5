/* 2-D convolution of int8 codes to int32 sums, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "conv_integer2d_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv_integer2d_s8_scalar(const btw_conv_integer2d_s8 *layer, const int8_t *x,
                                             const int8_t *zero_point, int32_t *y)
{
    const int channels = layer->input_channels / layer->groups; /* read by each output channel */
    const int group_size = layer->output_channels / layer->groups;
    const int rows = layer->images * layer->output_height;
    for (int row = 0; row < rows; row++) {
        const int oy = row % layer->output_height;
        const int8_t *image =
            x + row / layer->output_height * layer->input_height * layer->input_width * layer->input_channels;
        for (int ox = 0; ox < layer->output_width; ox++) {
            const int16_t *w = layer->weights;
            for (int oc = 0; oc < layer->output_channels; oc++) {
                int32_t acc = 0;
                for (int ky = 0; ky < layer->kernel_height; ky++) {
                    const int iy = oy * layer->stride_height - layer->top + ky * layer->dilation_height;
                    for (int kx = 0; kx < layer->kernel_width; kx++, w += channels) {
                        const int ix = ox * layer->stride_width - layer->left + kx * layer->dilation_width;
                        if (iy < 0 || iy >= layer->input_height || ix < 0 || ix >= layer->input_width)
                            continue;
                        const int8_t *from =
                            image + (iy * layer->input_width + ix) * layer->input_channels + oc / group_size * channels;
                        for (int ic = 0; ic < channels; ic++)
                            acc += (from[ic] - *zero_point) * w[ic];
                    }
                }
                *y++ = acc;
            }
        }
    }
}

#endif
