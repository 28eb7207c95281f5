/* int16 codes to float32 values. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_DEQUANTIZE_LINEAR_S16_H
#define BTW_DEQUANTIZE_LINEAR_S16_H

#include "btw.h"

typedef struct {
    int channels;
    float scale;
    int zero_point;
} btw_dequantize_linear_s16;

/* x[pixels][channels] to y */

#if !defined(BTW_INLINE_KERNELS)
void btw_dequantize_linear_s16_scalar(const btw_dequantize_linear_s16 *layer, const int16_t *x, float *y, int pixels);
#endif

#endif
