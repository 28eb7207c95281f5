/* Resizing by weights along height and width, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_RESIZE_F32_H
#define BTW_RESIZE_F32_H

#include "btw.h"

typedef struct {
    int channels;
    int input_width;
    int output_height;
    int output_width;
    int row_taps;
    int column_taps;
    const int32_t *rows;         /* [output_height][row_taps] input rows */
    const int32_t *columns;      /* [output_width][column_taps] */
    const float *row_weights;    /* [output_height][row_taps] */
    const float *column_weights; /* [output_width][column_taps] */
    float extrapolated;          /* where an index is negative */
} btw_resize_f32;

/* x[height][input_width][channels] to y[output_height][output_width][channels] */

#if !defined(BTW_INLINE_KERNELS)
void btw_resize_f32_scalar(const btw_resize_f32 *layer, const float *x, float *y);
#endif

#endif
