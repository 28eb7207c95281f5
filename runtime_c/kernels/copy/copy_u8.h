/* Pixels copied, any type. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_COPY_U8_H
#define BTW_COPY_U8_H

#include "btw.h"

typedef struct {
    int bytes; /* of a pixel */
} btw_copy_u8;

#if !defined(BTW_INLINE_KERNELS)
void btw_copy_u8_mve(const btw_copy_u8 *layer, const void *x, void *y, int pixels);
void btw_copy_u8_scalar(const btw_copy_u8 *layer, const void *x, void *y, int pixels);
#endif

#endif
