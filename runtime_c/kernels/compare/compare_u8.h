/* Logic of two tensors that broadcast, bool. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_COMPARE_U8_H
#define BTW_COMPARE_U8_H

#include "btw_broadcast.h"

typedef btw_broadcast btw_compare_u8;

/* y[pixels][channels], as its operands, is 0 or 1; it may be an operand that has its shape */

#if !defined(BTW_INLINE_KERNELS)
void btw_compare_equal_u8_scalar(const btw_compare_u8 *layer, const uint8_t *x0, const uint8_t *x1, uint8_t *y,
                                 int pixels);
void btw_compare_and_u8_scalar(const btw_compare_u8 *layer, const uint8_t *x0, const uint8_t *x1, uint8_t *y,
                               int pixels);
void btw_compare_or_u8_scalar(const btw_compare_u8 *layer, const uint8_t *x0, const uint8_t *x1, uint8_t *y,
                              int pixels);
void btw_compare_xor_u8_scalar(const btw_compare_u8 *layer, const uint8_t *x0, const uint8_t *x1, uint8_t *y,
                               int pixels);
#endif

#endif
