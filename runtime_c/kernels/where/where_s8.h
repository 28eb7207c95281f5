/* One of two tensors, by a condition; all three broadcast, int8. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_WHERE_S8_H
#define BTW_WHERE_S8_H

#include "btw.h"

typedef struct {
    int channels;
    int condition_pixel; /* elements of the condition from one pixel of y to the next */
    int condition_channel;
    int a_pixel;
    int a_channel;
    int b_pixel;
    int b_channel;
    const int8_t *a_table; /* [256]: what code - 128 of a is as a code of y; NULL where it is the same */
    const int8_t *b_table;
} btw_where_s8;

/* y[pixels][channels] is a where the condition is not 0, else b; it may be an operand that has its shape */

#if !defined(BTW_INLINE_KERNELS)
void btw_where_s8_scalar(const btw_where_s8 *layer, const uint8_t *x0, const int8_t *x1, const int8_t *x2, int8_t *y,
                         int pixels);
#endif

#endif
