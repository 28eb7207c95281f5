/* Mean over all pixels, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_GLOBAL_AVERAGE_POOL_F32_H
#define BTW_GLOBAL_AVERAGE_POOL_F32_H

#include "btw.h"

typedef struct {
    int channels;
    int pixels;
} btw_global_average_pool_f32;

/* x[pixels][channels] to y[channels] */

#if !defined(BTW_INLINE_KERNELS)
void btw_global_average_pool_f32_scalar(const btw_global_average_pool_f32 *layer, const float *x, float *y);
#endif

#endif
