/* Values of one type to another. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CAST_U8_H
#define BTW_CAST_U8_H

#include "btw.h"

enum { BTW_F32, BTW_S8, BTW_U8, BTW_S32, BTW_S64, BTW_BOOL, BTW_S16, BTW_U16 };

typedef struct {
    int channels;
    int from_type;
    int to_type;
} btw_cast_u8;

/* x[pixels][channels] to y: floats are cut towards zero, integers wrap, bool is whether a value is not 0 */

#if !defined(BTW_INLINE_KERNELS)
void btw_cast_u8_scalar(const btw_cast_u8 *layer, const void *x, void *y, int pixels);
#endif

#endif
