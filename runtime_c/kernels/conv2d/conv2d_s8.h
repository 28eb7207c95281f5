/* 2-D convolution of int8 rows, groups and dilation included. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CONV2D_S8_H
#define BTW_CONV2D_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int input_channels;
    int output_channels;
    int groups;
    int kernel_height;
    int kernel_width;
    int stride_width;
    int dilation_width;
    int output_width;
    const int8_t *weights; /* [output_channels][kernel_height][kernel_width][input_channels / groups] */
    const int32_t *bias;   /* [output_channels], the input zero point folded in */
    btw_requantization requantization;
} btw_conv2d_s8;

/* One output row y[output_width][output_channels]; rows[ky] is where the window of ox = 0 begins. */
#if !defined(BTW_INLINE_KERNELS)
void btw_conv2d_s8_scalar(const btw_conv2d_s8 *layer, const void *const rows[], int8_t *y);
void btw_depthwise_conv2d_s8_scalar(const btw_conv2d_s8 *layer, const void *const rows[], int8_t *y);
#endif

#endif
