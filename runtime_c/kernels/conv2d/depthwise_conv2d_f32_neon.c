/* Depthwise convolution of any size, float32, NEON: depthwise_conv2d_f32_scalar.c within the float tolerance. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_f32_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* One row of the channels from c on, weights w. */
BTW_BLOCK void btw_depthwise_channels(const btw_depthwise_conv2d_f32_neon_layer *layer, const void *const rows[],
                                      float *y, const float *w, int c, int vectors)
{
    int pixels = layer->output_width;
    y += c;
    for (; pixels >= 6; pixels -= 6, y += 6 * layer->channels, c += 6 * layer->advance)
        btw_depthwise_block(layer, rows, c, w, y, vectors, 6);
    for (; pixels >= 2; pixels -= 2, y += 2 * layer->channels, c += 2 * layer->advance)
        btw_depthwise_block(layer, rows, c, w, y, vectors, 2);
    if (pixels == 1)
        btw_depthwise_block(layer, rows, c, w, y, vectors, 1);
}

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_f32_neon(const btw_depthwise_conv2d_f32_neon_layer *layer,
                                                         const void *const rows[], float *y)
{
    const int values = 1 + layer->kernel_height * layer->kernel_width; /* bias and taps of a channel */
    const float *w = layer->weights;
    int c = 0;
    for (int first; (first = btw_channels_of_8(layer->channels, c)) >= 0; c = first + 8, w += 8 * values)
        btw_depthwise_channels(layer, rows, y, w, first, 2);
    for (int first; (first = btw_channels_of_4(layer->channels, c)) >= 0; c = first + 4, w += 4 * values)
        btw_depthwise_channels(layer, rows, y, w, first, 1);
}

#endif
