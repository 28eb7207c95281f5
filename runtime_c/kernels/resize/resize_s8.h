/* Resizing by weights along height and width, int8. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_RESIZE_S8_H
#define BTW_RESIZE_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

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

/* At most 2 taps along each axis. The weight of a tap is w = (row_factor * column_factor) >> 32, v = offset + the sum
 * of w * (x - input zero point), and the code is clamp(v >> shift); where v lies within `guard` of a multiple of
 * 2**shift onnxruntime's float32 steps decide. A second tap that there is not has a factor of 0. */
typedef struct {
    btw_resize_s8 plain;
    int shift;
    int32_t guard;
    int32_t offset;
    const int32_t *row_factors;    /* [output_height][2] */
    const int32_t *column_factors; /* [output_width][2] */
} btw_resize_sums_s8;

/* The same with 2 taps along each axis; `columns` are bytes, and where v does not decide, steps by the reciprocal do.
 */
typedef struct {
    btw_resize_sums_s8 sums;
    float reciprocal;
    float low;
    float high;
} btw_resize_sums_s8_by_reciprocal;

/* rows[row_taps], each [input_width][channels], to output row oy: y[output_width][channels] */

#if !defined(BTW_INLINE_KERNELS)
void btw_resize_s8_mve(const btw_resize_s8_by_reciprocal *layer, const void *const rows[], int8_t *y, int oy,
                       void *scratch);
void btw_resize_s8_neon(const btw_resize_s8 *layer, const void *const rows[], int8_t *y, int oy);
void btw_resize_s8_scalar(const btw_resize_s8 *layer, const void *const rows[], int8_t *y, int oy);
void btw_resize_sums_s8_mve(const btw_resize_sums_s8_by_reciprocal *layer, const void *const rows[], int8_t *y, int oy,
                            void *scratch);
void btw_resize_sums_s8_scalar(const btw_resize_sums_s8 *layer, const void *const rows[], int8_t *y, int oy);
#endif

/* Channel c of a pixel as onnxruntime computes it. Needs -ffp-contract=off. */
static inline int8_t btw_resize_float_code(const btw_resize_s8 *layer, const void *const rows[], int oy, int ox, int c)
{
    const float *const row_weights = layer->row_weights + oy * layer->row_taps;
    const int32_t *const columns = layer->columns + ox * layer->column_taps;
    const float *const column_weights = layer->column_weights + ox * layer->column_taps;
    float sum = 0.0f;
    for (int ky = 0; ky < layer->row_taps; ky++) {
        const int8_t *const row = rows[ky];
        for (int kx = 0; kx < layer->column_taps; kx++) {
            const int code = row[columns[kx] * layer->channels + c] - layer->input_zero_point;
            sum += row_weights[ky] * column_weights[kx] * (layer->input_scale * (float)code);
        }
    }
    return btw_quantize_s8(sum, layer->output_scale, layer->output_zero_point);
}

#endif
