/* Sum of two tensors of one shape, float32, with a clip to [low, high]. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_ADD_F32_H
#define BTW_ADD_F32_H

#include "btw.h"

typedef struct {
    int channels;
    float low;
    float high;
} btw_add_f32;

/* a, b[pixels][channels] to y, which may be a or b */

#if !defined(BTW_INLINE_KERNELS)
void btw_add_f32_neon(const btw_add_f32 *layer, const float *a, const float *b, float *y, int pixels);
void btw_add_f32_scalar(const btw_add_f32 *layer, const float *a, const float *b, float *y, int pixels);
void btw_add_f32_fpu(const btw_add_f32 *layer, const float *a, const float *b, float *y, int pixels);
void btw_add_f32_mve(const btw_add_f32 *layer, const float *a, const float *b, float *y, int pixels);
#endif

#endif
