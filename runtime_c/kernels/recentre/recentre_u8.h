/* uint8 codes to int8 codes 128 lower, and back. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_RECENTRE_U8_H
#define BTW_RECENTRE_U8_H

#include "btw.h"

typedef struct {
    int channels;
} btw_recentre_u8;

/* x[pixels][channels] to y, which may be x */

#if !defined(BTW_INLINE_KERNELS)
void btw_recentre_u8_scalar(const btw_recentre_u8 *layer, const void *x, void *y, int pixels);
#endif

#endif
