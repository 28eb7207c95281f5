/* Mean of a window, int8. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_AVERAGE_POOL_S8_H
#define BTW_AVERAGE_POOL_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int channels;
    int kernel_height;
    int kernel_width;
    int stride_width;
    int dilation_width;
    int pad_left;    /* pixels left of rows[ky] that do not count */
    int input_width; /* pixels from rows[ky] on that count */
    int output_width;
    float input_scale;
    int input_zero_point;
    float output_scale;
    int output_zero_point;
    int offset; /* of the codes in the formula: 128 where the model has uint8 */
} btw_average_pool_s8;

/* One output row y[output_width][channels]. Null rows do not count; where padding counts, it lies in the rows. */

#if !defined(BTW_INLINE_KERNELS)
void btw_average_pool_s8_mve(const btw_average_pool_s8 *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_average_pool_s8_neon(const btw_average_pool_s8 *layer, const void *const rows[], int8_t *y);
void btw_average_pool_s8_scalar(const btw_average_pool_s8 *layer, const void *const rows[], int8_t *y);
#endif

#endif
