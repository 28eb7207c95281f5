/* A run of bytes of a dense tensor: one image of several. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_IMAGE_U8_H
#define BTW_IMAGE_U8_H

#include "btw.h"

typedef struct {
    int first; /* byte of x */
    int bytes;
} btw_image_u8;

/* x[first .. first + bytes] to y[bytes] */
#if !defined(BTW_INLINE_KERNELS)
void btw_image_u8_scalar(const btw_image_u8 *layer, const void *x, void *y);
#endif

#endif
