/* A matrix of values of any type, transposed: channels last to channels first and back. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_TRANSPOSE_U8_H
#define BTW_TRANSPOSE_U8_H

#include "btw.h"

typedef struct {
    int images;
    int rows;
    int columns;
    int bytes; /* of a value */
} btw_transpose_u8;

/* x[images][rows][columns] to y[images][columns][rows] */

#if !defined(BTW_INLINE_KERNELS)
void btw_transpose_u8_scalar(const btw_transpose_u8 *layer, const void *x, void *y);
#endif

#endif
