/* 2-D convolution of int8 codes to int32 sums, with a zero point that may be computed at run time. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CONV_INTEGER2D_S8_H
#define BTW_CONV_INTEGER2D_S8_H

#include "btw.h"

typedef struct {
    int images;
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
    int top;
    int left;
    const int16_t *weights; /* [output_channels][kernel_height][kernel_width][input_channels / groups] */
} btw_conv_integer2d_s8;

/* x[images][input_height][input_width][input_channels] to y[images][output_height][output_width][output_channels]. */
#if !defined(BTW_INLINE_KERNELS)
void btw_conv_integer2d_s8_scalar(const btw_conv_integer2d_s8 *layer, const int8_t *x, const int8_t *zero_point,
                                  int32_t *y);
#endif

#endif
