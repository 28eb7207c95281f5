/* Values clipped to [low, high], float32: Relu, Relu6, Clip. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CLIP_F32_H
#define BTW_CLIP_F32_H

#include "btw.h"

typedef struct {
    int channels;
    float low;
    float high;
} btw_clip_f32;

/* x[pixels][channels] to y, which may be x */

#if !defined(BTW_INLINE_KERNELS)
void btw_clip_f32_neon(const btw_clip_f32 *layer, const float *x, float *y, int pixels);
void btw_clip_f32_scalar(const btw_clip_f32 *layer, const float *x, float *y, int pixels);
#endif

#endif
