/* float32 values to int16 codes. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_QUANTIZE_LINEAR_S16_H
#define BTW_QUANTIZE_LINEAR_S16_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int channels;
    float scale;
    int zero_point;
} btw_quantize_linear_s16;

/* x[pixels][channels] to y */

#if !defined(BTW_INLINE_KERNELS)
void btw_quantize_linear_s16_scalar(const btw_quantize_linear_s16 *layer, const float *x, int16_t *y, int pixels);
#endif

#endif
