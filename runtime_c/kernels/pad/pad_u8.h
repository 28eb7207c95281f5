/* Rows with their padding as pixels of their own, any type. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_PAD_U8_H
#define BTW_PAD_U8_H

#include "btw.h"

typedef struct {
    int bytes; /* of an output row */
} btw_pad_u8;

/* One output row; rows[0] is where its left padding begins. */

#if !defined(BTW_INLINE_KERNELS)
void btw_pad_u8_scalar(const btw_pad_u8 *layer, const void *const rows[], void *y);
#endif

#endif
