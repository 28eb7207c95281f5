/* One row of a transposed 2-D convolution of one group, float32, NEON: conv_transpose2d_f32_scalar.c but for rounding.
 */
/* SPDX-License-Identifier: MIT-0 */
#include "conv_transpose2d_f32.h"
#include "btw_f32_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Adds what `vectors` times four output channels get from one input pixel; weights of an input channel lie together. */
BTW_BLOCK void btw_conv_transpose_pixel(float32x4_t sum[], const float *x, const float *w, int channels, int vectors)
{
    for (int ic = 0; ic < channels; ic++, w += 4 * vectors) {
        const float32x4_t value = vld1q_dup_f32(x + ic);
        BTW_UNROLL for (int v = 0; v < vectors; v++) sum[v] = btw_multiply_add(sum[v], vld1q_f32(w + 4 * v), value);
    }
}

/* One block of `size` output channels, of which `stored` there are, of all pixels of a row. */
BTW_BLOCK void btw_conv_transpose_block(const btw_conv_transpose2d_f32 *layer, const void *const rows[],
                                        const float *weights, const float *bias, float *y, int size, int stored)
{
    const int channels = layer->input_channels, vectors = size / 4;
    for (int ox = 0; ox < layer->output_width; ox++, y += layer->output_channels) {
        float32x4_t sum[2] = {vld1q_f32(bias)};
        BTW_UNROLL for (int v = 0; v < vectors; v++) sum[v] = vld1q_f32(bias + 4 * v);
        const float *w = weights;
        for (int ky = 0; ky < layer->kernel_height; ky++) {
            const float *const row = rows[ky];
            for (int kx = 0; kx < layer->kernel_width; kx++, w += channels * size) {
                const int across = ox + layer->left - kx * layer->dilation_width;
                const int ix = across / layer->stride_width;
                if (row && across >= 0 && across % layer->stride_width == 0 && ix < layer->input_width)
                    btw_conv_transpose_pixel(sum, row + ix * channels, w, channels, vectors);
            }
        }
        float few[8];
        BTW_UNROLL for (int v = 0; v < vectors; v++) vst1q_f32(stored < size ? few + 4 * v : y + 4 * v, sum[v]);
        if (stored < size)
            memcpy(y, few, (size_t)stored * sizeof(float));
    }
}

/* weights: [blocks][kernel_height][kernel_width][input_channels][8], of up to 4 channels in all [4]; biases of whole
 * blocks. */
BTW_KERNEL BTW_FOLDED void btw_conv_transpose2d_f32_neon(const btw_conv_transpose2d_f32 *layer,
                                                         const void *const rows[], float *y)
{
    const int outputs = layer->output_channels;
    const int taps = layer->kernel_height * layer->kernel_width * layer->input_channels;
    int oc = 0;
    for (; oc <= outputs - 8; oc += 8)
        btw_conv_transpose_block(layer, rows, layer->weights + oc * taps, layer->bias + oc, y + oc, 8, 8);
    if (oc < outputs)
        btw_conv_transpose_block(layer, rows, layer->weights + oc * taps, layer->bias + oc, y + oc, outputs > 4 ? 8 : 4,
                                 outputs - oc);
}

#endif
