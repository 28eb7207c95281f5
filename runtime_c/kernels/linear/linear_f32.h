/* Fully connected layer, float32, with a clip to [low, high]. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_LINEAR_F32_H
#define BTW_LINEAR_F32_H

#include "btw.h"

typedef struct {
    int inputs;
    int outputs;
    const float *weights; /* [outputs][inputs] */
    const float *bias;    /* [outputs] */
    float low;
    float high;
} btw_linear_f32;

/* x[pixels][inputs] to y[pixels][outputs] */
#if !defined(BTW_INLINE_KERNELS)
void btw_linear_few_outputs_f32_mve(const btw_linear_f32 *layer, const float *x, float *y, int pixels);
void btw_linear_f32_scalar(const btw_linear_f32 *layer, const float *x, float *y, int pixels);
#endif

#endif
