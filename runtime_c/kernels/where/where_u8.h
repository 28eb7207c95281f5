/* One of two tensors, by a condition; all three broadcast, bytes. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_WHERE_U8_H
#define BTW_WHERE_U8_H

#include "btw_broadcast.h"

typedef btw_choice btw_where_u8;

/* y[pixels][channels] is a where the condition is not 0, else b; it may be an operand that has its shape */

#if !defined(BTW_INLINE_KERNELS)
void btw_where_u8_scalar(const btw_where_u8 *layer, const uint8_t *x0, const uint8_t *x1, const uint8_t *x2, uint8_t *y,
                         int pixels);
#endif

#endif
