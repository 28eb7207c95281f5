/* Values minus the mean of their group, divided by its deviation, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_NORMALIZE_F32_H
#define BTW_NORMALIZE_F32_H

#include "btw_walk.h"

typedef struct {
    btw_walk groups; /* where each group begins */
    btw_walk values; /* of a group, from there */
    float epsilon;
} btw_normalize_f32;

/* y = (x - mean) / sqrt(variance + epsilon) of each group; y may be x */

#if !defined(BTW_INLINE_KERNELS)
void btw_normalize_f32_scalar(const btw_normalize_f32 *layer, const float *x, float *y);
#endif

#endif
