/* Where the largest value of each window lies, float32 to int64. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MAX_POOL_INDICES_F32_H
#define BTW_MAX_POOL_INDICES_F32_H

#include "btw.h"

typedef struct {
    int channels;
    int kernel_height;
    int kernel_width;
    int stride_height;
    int stride_width;
    int dilation_height;
    int dilation_width;
    int pad_top;
    int pad_left;
    int input_height;
    int input_width;
    int output_height;
    int output_width;
    int by_columns; /* 1: an index counts rows fastest */
} btw_max_pool_indices_f32;

/* x[input_height][input_width][channels] to y[output_height][output_width][channels]: the index in [C][H][W] */

#if !defined(BTW_INLINE_KERNELS)
void btw_max_pool_indices_f32_scalar(const btw_max_pool_indices_f32 *layer, const float *x, int64_t *y);
#endif

#endif
