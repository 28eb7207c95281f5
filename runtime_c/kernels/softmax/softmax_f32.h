/* Softmax over the last axis, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_SOFTMAX_F32_H
#define BTW_SOFTMAX_F32_H

#include "btw.h"

typedef struct {
    int channels;
} btw_softmax_f32;

/* Along an axis that others lie inside of: x[outer][size][inner] to y. */
typedef struct {
    int outer;
    int size;
    int inner;
} btw_softmax_axis_f32;

/* x[pixels][channels] to y, which may be x */

#if !defined(BTW_INLINE_KERNELS)
void btw_softmax_axis_f32_mve(const btw_softmax_axis_f32 *layer, const float *x, float *y);
void btw_softmax_axis_f32_scalar(const btw_softmax_axis_f32 *layer, const float *x, float *y);
void btw_softmax_f32_mve(const btw_softmax_f32 *layer, const float *x, float *y, int pixels);
void btw_softmax_axis_f32_neon(const btw_softmax_axis_f32 *layer, const float *x, float *y);
void btw_softmax_f32_neon(const btw_softmax_f32 *layer, const float *x, float *y, int pixels);
void btw_softmax_f32_scalar(const btw_softmax_f32 *layer, const float *x, float *y, int pixels);
#endif

#endif
