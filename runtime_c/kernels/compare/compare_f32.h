/* Comparisons of two tensors that broadcast, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_COMPARE_F32_H
#define BTW_COMPARE_F32_H

#include "btw_broadcast.h"

typedef btw_broadcast btw_compare_f32;

/* y[pixels][channels] is 0 or 1 */

#if !defined(BTW_INLINE_KERNELS)
void btw_compare_less_f32_scalar(const btw_compare_f32 *layer, const float *x0, const float *x1, uint8_t *y,
                                 int pixels);
void btw_compare_less_or_equal_f32_scalar(const btw_compare_f32 *layer, const float *x0, const float *x1, uint8_t *y,
                                          int pixels);
void btw_compare_equal_f32_scalar(const btw_compare_f32 *layer, const float *x0, const float *x1, uint8_t *y,
                                  int pixels);
#endif

#endif
