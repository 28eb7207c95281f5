/* Comparisons of two tensors that broadcast, int64. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_COMPARE_S64_H
#define BTW_COMPARE_S64_H

#include "btw_broadcast.h"

typedef btw_broadcast btw_compare_s64;

/* y[pixels][channels] is 0 or 1 */

#if !defined(BTW_INLINE_KERNELS)
void btw_compare_less_s64_scalar(const btw_compare_s64 *layer, const int64_t *x0, const int64_t *x1, uint8_t *y,
                                 int pixels);
void btw_compare_less_or_equal_s64_scalar(const btw_compare_s64 *layer, const int64_t *x0, const int64_t *x1,
                                          uint8_t *y, int pixels);
void btw_compare_equal_s64_scalar(const btw_compare_s64 *layer, const int64_t *x0, const int64_t *x1, uint8_t *y,
                                  int pixels);
#endif

#endif
