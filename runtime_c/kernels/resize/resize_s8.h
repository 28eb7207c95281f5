/* Resizing by weights along height and width, int8. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_RESIZE_S8_H
#define BTW_RESIZE_S8_H

#include "btw.h"

typedef struct {
    int channels;
    int output_width;
    int row_taps;
    int column_taps;
    const int32_t *columns;      /* [output_width][column_taps] */
    const float *row_weights;    /* [output_height][row_taps] */
    const float *column_weights; /* [output_width][column_taps] */
    float input_scale;
    int input_zero_point;
    float output_scale;
    int output_zero_point;
} btw_resize_s8;

/* See btw_quantize_linear_s8_by_reciprocal. */
typedef struct {
    btw_resize_s8 plain;
    float reciprocal; /* of output_scale */
    float low;
    float high;
} btw_resize_s8_by_reciprocal;

/* rows[row_taps], each [input_width][channels], to output row oy: y[output_width][channels] */

#if !defined(BTW_INLINE_KERNELS)
void btw_resize_s8_mve(const btw_resize_s8_by_reciprocal *layer, const void *const rows[], int8_t *y, int oy,
                       void *scratch);
void btw_resize_s8_scalar(const btw_resize_s8 *layer, const void *const rows[], int8_t *y, int oy);
#endif

#endif
