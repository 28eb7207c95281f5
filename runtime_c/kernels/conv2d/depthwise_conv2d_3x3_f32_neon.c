/* Depthwise convolution 3x3, stride 1 or 2, float32, NEON: depthwise_conv2d_f32_scalar.c within the float tolerance. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_f32_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* One row of the channels from c on, weights w. */
BTW_BLOCK void btw_depthwise_3x3_channels(const btw_depthwise_conv2d_f32_neon_layer *layer, const void *const rows[],
                                          float *y, const float *w, int c, int stride, int vectors)
{
    float32x4_t k[9][2];
    BTW_UNROLL for (int tap = 0; tap < 9; tap++) BTW_UNROLL for (int v = 0; v < vectors; v++) k[tap][v] =
        vld1q_f32(w + 4 * (vectors * (1 + tap) + v));
    int pixels = layer->output_width;
    y += c;
    for (; pixels >= 8; pixels -= 8, y += 8 * layer->channels, c += 8 * layer->advance)
        btw_depthwise_3x3_block(layer, rows, c, w, k, y, stride, vectors, 8);
    if (pixels >= 4) {
        btw_depthwise_3x3_block(layer, rows, c, w, k, y, stride, vectors, 4);
        pixels -= 4, y += 4 * layer->channels, c += 4 * layer->advance;
    }
    if (pixels == 1)
        btw_depthwise_3x3_block(layer, rows, c, w, k, y, stride, vectors, 1);
    else if (pixels == 2)
        btw_depthwise_3x3_block(layer, rows, c, w, k, y, stride, vectors, 2);
    else if (pixels == 3)
        btw_depthwise_3x3_block(layer, rows, c, w, k, y, stride, vectors, 3);
}

BTW_BLOCK void btw_depthwise_3x3_row(const btw_depthwise_conv2d_f32_neon_layer *layer, const void *const rows[],
                                     float *y, int stride)
{
    const float *w = layer->weights;
    int c = 0;
    for (int first; (first = btw_channels_of_8(layer->channels, c)) >= 0; c = first + 8, w += 8 * 10)
        btw_depthwise_3x3_channels(layer, rows, y, w, first, stride, 2);
    for (int first; (first = btw_channels_of_4(layer->channels, c)) >= 0; c = first + 4, w += 4 * 10)
        btw_depthwise_3x3_channels(layer, rows, y, w, first, stride, 1);
}

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_3x3_f32_neon(const btw_depthwise_conv2d_f32_neon_layer *layer,
                                                             const void *const rows[], float *y)
{
    if (layer->stride_width == 1)
        btw_depthwise_3x3_row(layer, rows, y, 1);
    else
        btw_depthwise_3x3_row(layer, rows, y, 2);
}

#endif
