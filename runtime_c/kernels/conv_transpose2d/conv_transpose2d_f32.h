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
    const float *weights; /* [output_channels][kernel_height][kernel_width][input_channels / groups]; of the kernel for
                             Helium [blocks][kernel_height][kernel_width][input_channels][8], up to 4 channels: [4] */
    const float *bias;    /* [output_channels], there filled up to blocks */
} btw_conv_transpose2d_f32;

/* rows[kernel_height], each [input_width][input_channels], or null where row ky of the weights meets no input row, to
 * y[output_width][output_channels]. */
#if !defined(BTW_INLINE_KERNELS)
void btw_conv_transpose2d_f32_mve(const btw_conv_transpose2d_f32 *layer, const void *const rows[], float *y,
                                  void *scratch);
void btw_conv_transpose2d_f32_scalar(const btw_conv_transpose2d_f32 *layer, const void *const rows[], float *y);
#endif

#endif
