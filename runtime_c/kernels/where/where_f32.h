/* One of two tensors, by a condition; all three broadcast, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_WHERE_F32_H
#define BTW_WHERE_F32_H

#include "btw_broadcast.h"

typedef btw_choice btw_where_f32;

/* y[pixels][channels] is a where the condition is not 0, else b; it may be an operand that has its shape */

#if !defined(BTW_INLINE_KERNELS)
void btw_where_f32_scalar(const btw_where_f32 *layer, const uint8_t *x0, const float *x1, const float *x2, float *y,
                          int pixels);
#endif

#endif
