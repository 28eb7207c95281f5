/* Elements of a tensor in an order, for kernels that work along any axes. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_WALK_H
#define BTW_WALK_H

#include "btw.h"

/* Dimensions from the slowest to the fastest, and how many elements lie from one index of each to the next. */
typedef struct {
    int count;
    int rank;
    const int32_t *sizes;   /* [rank] */
    const int32_t *strides; /* [rank] */
} btw_walk;

/* Where the element `index` of a walk lies. */
static inline int btw_walked(const btw_walk *walk, int index)
{
    int offset = 0;
    for (int i = walk->rank - 1; i >= 0; i--) {
        offset += index % walk->sizes[i] * walk->strides[i];
        index /= walk->sizes[i];
    }
    return offset;
}

/* Size and step of the fastest dimension. */
static inline int btw_inner_size(const btw_walk *walk)
{
    return walk->sizes[walk->rank - 1];
}

static inline int btw_inner_stride(const btw_walk *walk)
{
    return walk->strides[walk->rank - 1];
}

/* `kept` visits what stands for the elements of the output, `reduced` from each of them those that become one. */
typedef struct {
    btw_walk kept;
    btw_walk reduced;
    float divisor; /* of a sum: how many there are where the mean is wanted */
} btw_reduce;

/* All pixels of an image, row by row. */
typedef struct {
    int channels;
    int width;
} btw_reduce_rows;

#endif
