/* Mean over all pixels of each channel, float32, from one row after another. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_GLOBAL_AVERAGE_POOL_F32_H
#define BTW_GLOBAL_AVERAGE_POOL_F32_H

#include "btw.h"

typedef struct {
    int channels;
    int height;
    int width;
} btw_global_average_pool_f32;

/* Adds x[width][channels], row `row` of the image, to y[channels], which is the mean after the last. */
#if !defined(BTW_INLINE_KERNELS)
void btw_global_average_pool_f32_neon(const btw_global_average_pool_f32 *layer, const float *x, float *y, int row);
void btw_global_average_pool_f32_scalar(const btw_global_average_pool_f32 *layer, const float *x, float *y, int row);
void btw_global_average_pool_f32_fpu(const btw_global_average_pool_f32 *layer, const float *x, float *y, int row);
void btw_global_average_pool_f32_mve(const btw_global_average_pool_f32 *layer, const float *x, float *y, int row);
#endif

#endif
