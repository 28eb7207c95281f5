/* Mean over all pixels of each channel, int8, from one row after another. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_GLOBAL_AVERAGE_POOL_S8_H
#define BTW_GLOBAL_AVERAGE_POOL_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int channels;
    int height;
    int width;
    int32_t bias; /* minus the input zero point, times pixels */
    btw_requantization requantization;
} btw_global_average_pool_s8;

/* Adds x[width][channels], row `row` of the image, to sums[channels]; y[channels] is there after the last. */
#if !defined(BTW_INLINE_KERNELS)
void btw_global_average_pool_s8_dsp(const btw_global_average_pool_s8 *layer, const int8_t *x, int8_t *y, int row,
                                    int32_t *sums);
void btw_global_average_pool_s8_mve(const btw_global_average_pool_s8 *layer, const int8_t *x, int8_t *y, int row,
                                    int32_t *sums);
void btw_global_average_pool_s8_neon(const btw_global_average_pool_s8 *layer, const int8_t *x, int8_t *y, int row,
                                     int32_t *sums);
void btw_global_average_pool_s8_scalar(const btw_global_average_pool_s8 *layer, const int8_t *x, int8_t *y, int row,
                                       int32_t *sums);
#endif

#endif
