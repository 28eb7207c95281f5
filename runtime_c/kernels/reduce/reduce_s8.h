/* Reductions over axes, int8. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_REDUCE_S8_H
#define BTW_REDUCE_S8_H

#include "btw_walk.h"

/* x to y[kept.count]; by rows: row `row` of x, [width][channels], to y[channels], which is there after the last */

#if !defined(BTW_INLINE_KERNELS)
void btw_reduce_max_s8_mve(const btw_reduce *layer, const int8_t *x, int8_t *y);
void btw_reduce_max_s8_scalar(const btw_reduce *layer, const int8_t *x, int8_t *y);
void btw_reduce_min_s8_scalar(const btw_reduce *layer, const int8_t *x, int8_t *y);
void btw_reduce_rows_max_s8_mve(const btw_reduce_rows *layer, const int8_t *x, int8_t *y, int row);
void btw_reduce_rows_max_s8_scalar(const btw_reduce_rows *layer, const int8_t *x, int8_t *y, int row);
#endif

#endif
