/* Parts of several tensors side by side, int8, each with its own table where its scale differs. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CONCAT_S8_H
#define BTW_CONCAT_S8_H

#include "btw.h"

typedef struct {
    int size;            /* values a pixel */
    const int8_t *table; /* [256] new code of code - 128 .. 127; null where the code stays */
} btw_concat_part_s8;

typedef struct {
    int count;
    const btw_concat_part_s8 *parts;
} btw_concat_s8;

/* x[i][pixels][parts[i].size] to y[pixels][sum of sizes] */

#if !defined(BTW_INLINE_KERNELS)
void btw_concat_s8_armv7m(const btw_concat_s8 *layer, const void *const x[], int8_t *y, int pixels);
void btw_concat_s8_neon(const btw_concat_s8 *layer, const void *const x[], int8_t *y, int pixels);
void btw_concat_s8_scalar(const btw_concat_s8 *layer, const void *const x[], int8_t *y, int pixels);
#endif

#endif
