/* Reductions over axes, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_REDUCE_F32_H
#define BTW_REDUCE_F32_H

#include "btw_walk.h"

/* x to y[kept.count]; by rows: row `row` of x, [width][channels], to y[channels], which is there after the last */

#if !defined(BTW_INLINE_KERNELS)
void btw_reduce_max_f32_mve(const btw_reduce *layer, const float *x, float *y);
void btw_reduce_max_f32_scalar(const btw_reduce *layer, const float *x, float *y);
void btw_reduce_min_f32_scalar(const btw_reduce *layer, const float *x, float *y);
void btw_reduce_prod_f32_scalar(const btw_reduce *layer, const float *x, float *y);
void btw_reduce_sum_f32_mve(const btw_reduce *layer, const float *x, float *y);
void btw_reduce_sum_f32_scalar(const btw_reduce *layer, const float *x, float *y);
void btw_reduce_rows_max_f32_mve(const btw_reduce_rows *layer, const float *x, float *y, int row);
void btw_reduce_rows_max_f32_scalar(const btw_reduce_rows *layer, const float *x, float *y, int row);
#endif

#endif
