/* 2-D convolution of float32 rows, groups and dilation included, with a clip to [low, high]. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CONV2D_F32_H
#define BTW_CONV2D_F32_H

#include "btw.h"

typedef struct {
    int input_channels;
    int output_channels;
    int groups;
    int kernel_height;
    int kernel_width;
    int stride_width;
    int dilation_width;
    int output_width;
    const float *weights; /* [output_channels][kernel_height][kernel_width][input_channels / groups] */
    const float *bias;    /* [output_channels] */
    float low;
    float high;
} btw_conv2d_f32;

/* One output row y[output_width][output_channels]; rows[ky] is where the window of ox = 0 begins. */
#if !defined(BTW_INLINE_KERNELS)
void btw_conv2d_f32_scalar(const btw_conv2d_f32 *layer, const void *const rows[], float *y);
void btw_depthwise_conv2d_f32_scalar(const btw_conv2d_f32 *layer, const void *const rows[], float *y);
#endif

#endif
