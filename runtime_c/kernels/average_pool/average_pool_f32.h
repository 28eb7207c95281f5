/* Mean of a window, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_AVERAGE_POOL_F32_H
#define BTW_AVERAGE_POOL_F32_H

#include "btw.h"

typedef struct {
    int channels;
    int kernel_height;
    int kernel_width;
    int stride_width;
    int dilation_width;
    int pad_left;    /* pixels left of rows[ky] that do not count */
    int input_width; /* pixels from rows[ky] on that count */
    int output_width;
} btw_average_pool_f32;

/* One output row y[output_width][channels]. Null rows do not count; where padding counts, it lies in the rows. */

#if !defined(BTW_INLINE_KERNELS)
void btw_average_pool_f32_neon(const btw_average_pool_f32 *layer, const void *const rows[], float *y);
void btw_average_pool_f32_scalar(const btw_average_pool_f32 *layer, const void *const rows[], float *y);
void btw_average_pool_f32_fpu(const btw_average_pool_f32 *layer, const void *const rows[], float *y, void *scratch);
void btw_average_pool_f32_mve(const btw_average_pool_f32 *layer, const void *const rows[], float *y, void *scratch);
#endif

#endif
