/* Transposed 2-D convolution of float32 tensors, groups and dilation included. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CONV_TRANSPOSE2D_F32_H
#define BTW_CONV_TRANSPOSE2D_F32_H

#include "btw.h"

typedef struct {
    int input_height;
    int input_width;
    int input_channels;
    int output_height;
    int output_width;
    int output_channels;
    int groups;
    int kernel_height;
    int kernel_width;
    int stride_height;
    int stride_width;
    int dilation_height;
    int dilation_width;
    int top; /* the window of input pixel 0 begins that many rows above the output */
    int left;
    const float *weights; /* [output_channels][kernel_height][kernel_width][input_channels / groups] */
    const float *bias;    /* [output_channels] */
} btw_conv_transpose2d_f32;

/* x[input_height][input_width][input_channels] to y[output_height][output_width][output_channels]. */
#if !defined(BTW_INLINE_KERNELS)
void btw_conv_transpose2d_f32_scalar(const btw_conv_transpose2d_f32 *layer, const float *x, float *y);
#endif

#endif
