/* Resizing by weights along height and width, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_RESIZE_F32_H
#define BTW_RESIZE_F32_H

#include "btw.h"

typedef struct {
    int channels;
    int output_width;
    int row_taps;
    int column_taps;
    const int32_t *columns;      /* [output_width][column_taps] */
    const float *row_weights;    /* [output_height][row_taps] */
    const float *column_weights; /* [output_width][column_taps] */
    float extrapolated;          /* where an index is negative, or a row null */
} btw_resize_f32;

/* rows[row_taps], each [input_width][channels], to output row oy: y[output_width][channels] */

#if !defined(BTW_INLINE_KERNELS)
void btw_resize_f32_mve(const btw_resize_f32 *layer, const void *const rows[], float *y, int oy, void *scratch);
void btw_resize_f32_neon(const btw_resize_f32 *layer, const void *const rows[], float *y, int oy);
void btw_resize_f32_scalar(const btw_resize_f32 *layer, const void *const rows[], float *y, int oy);
#endif

#endif
