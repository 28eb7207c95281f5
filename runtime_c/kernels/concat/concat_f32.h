/* Parts of several tensors side by side, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CONCAT_F32_H
#define BTW_CONCAT_F32_H

#include "btw.h"

typedef struct {
    int size; /* values a pixel */
} btw_concat_part_f32;

typedef struct {
    int count;
    const btw_concat_part_f32 *parts;
} btw_concat_f32;

/* x[i][pixels][parts[i].size] to y[pixels][sum of sizes] */

#if !defined(BTW_INLINE_KERNELS)
void btw_concat_f32_scalar(const btw_concat_f32 *layer, const void *const x[], float *y, int pixels);
#endif

#endif
