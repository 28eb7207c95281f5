/* Transposed 2-D convolution of float32 tensors, groups and dilation included. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CONV_TRANSPOSE2D_F32_H
#define BTW_CONV_TRANSPOSE2D_F32_H

#include "btw.h"

typedef struct {
    int input_width;
    int input_channels;
    int output_width;
    int output_channels;
    int groups;
    int kernel_height;
    int kernel_width;
    int stride_width;
    int dilation_width;
    int left;             /* the window of input pixel 0 begins that many pixels left of the output */
    const float *weights; /* [output_channels][kernel_height][kernel_width][input_channels / groups]; of kernels with
                             blocks [blocks][kernel_height][kernel_width][input_channels][block]: 4 channels with an
                             FPU, on Helium 8 where there are more than 4 */
    const float *bias;    /* [output_channels], there filled up to blocks */
} btw_conv_transpose2d_f32;

/* An input pixel that reaches an output pixel, and its weights of the first block of channels. */
typedef struct {
    const float *x;
    const float *weights;
} btw_conv_transpose2d_tap;

/* Writes those of output pixel ox; returns where they end. */
static inline btw_conv_transpose2d_tap *btw_conv_transpose2d_taps(const btw_conv_transpose2d_f32 *layer,
                                                                  const void *const rows[], int ox, int block,
                                                                  btw_conv_transpose2d_tap *tap)
{
    const int inputs = layer->input_channels;
    for (int kx = 0; kx < layer->kernel_width; kx++) {
        const int across = ox + layer->left - kx * layer->dilation_width, ix = across / layer->stride_width;
        if (across < 0 || across % layer->stride_width || ix >= layer->input_width)
            continue;
        const float *weights = layer->weights + kx * inputs * block;
        for (int ky = 0; ky < layer->kernel_height; ky++, weights += layer->kernel_width * inputs * block) {
            if (rows[ky]) {
                tap->x = (const float *)rows[ky] + ix * inputs;
                tap->weights = weights;
                tap++;
            }
        }
    }
    return tap;
}

/* rows[kernel_height], each [input_width][input_channels], or null where row ky of the weights meets no input row, to
 * y[output_width][output_channels]. */
#if !defined(BTW_INLINE_KERNELS)
void btw_conv_transpose2d_f32_fpu(const btw_conv_transpose2d_f32 *layer, const void *const rows[], float *y,
                                  void *scratch);
void btw_conv_transpose2d_one_output_f32_fpu(const btw_conv_transpose2d_f32 *layer, const void *const rows[], float *y,
                                             void *scratch);
void btw_conv_transpose2d_f32_mve(const btw_conv_transpose2d_f32 *layer, const void *const rows[], float *y,
                                  void *scratch);
void btw_conv_transpose2d_f32_neon(const btw_conv_transpose2d_f32 *layer, const void *const rows[], float *y);
void btw_conv_transpose2d_f32_scalar(const btw_conv_transpose2d_f32 *layer, const void *const rows[], float *y);
#endif

#endif
