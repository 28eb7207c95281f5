/* One of two tensors, by a condition; all three broadcast, int64. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_WHERE_S64_H
#define BTW_WHERE_S64_H

#include "btw_broadcast.h"

typedef btw_choice btw_where_s64;

/* y[pixels][channels] is a where the condition is not 0, else b; it may be an operand that has its shape */

#if !defined(BTW_INLINE_KERNELS)
void btw_where_s64_scalar(const btw_where_s64 *layer, const uint8_t *x0, const int64_t *x1, const int64_t *x2,
                          int64_t *y, int pixels);
#endif

#endif
