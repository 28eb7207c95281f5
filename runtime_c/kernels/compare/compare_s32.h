/* Comparisons of two tensors that broadcast, int32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_COMPARE_S32_H
#define BTW_COMPARE_S32_H

#include "btw_broadcast.h"

typedef btw_broadcast btw_compare_s32;

/* y[pixels][channels] is 0 or 1 */

#if !defined(BTW_INLINE_KERNELS)
void btw_compare_less_s32_scalar(const btw_compare_s32 *layer, const int32_t *x0, const int32_t *x1, uint8_t *y,
                                 int pixels);
void btw_compare_less_or_equal_s32_scalar(const btw_compare_s32 *layer, const int32_t *x0, const int32_t *x1,
                                          uint8_t *y, int pixels);
void btw_compare_equal_s32_scalar(const btw_compare_s32 *layer, const int32_t *x0, const int32_t *x1, uint8_t *y,
                                  int pixels);
#endif

#endif
