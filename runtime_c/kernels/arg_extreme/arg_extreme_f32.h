/* Where the largest or the smallest value along an axis is, float32 to int64. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_ARG_EXTREME_F32_H
#define BTW_ARG_EXTREME_F32_H

#include "btw_walk.h"

typedef struct {
    btw_walk kept; /* what stands for the elements of y */
    int size;      /* of the axis */
    int stride;    /* elements from one index of it to the next */
    int smallest;  /* 1: the smallest */
    int last;      /* 1: the last of several that are equal */
} btw_arg_extreme_f32;

/* x to y[kept.count] */

#if !defined(BTW_INLINE_KERNELS)
void btw_arg_extreme_f32_scalar(const btw_arg_extreme_f32 *layer, const float *x, int64_t *y);
#endif

#endif
