/* float32 values to uint16 codes. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_QUANTIZE_LINEAR_U16_H
#define BTW_QUANTIZE_LINEAR_U16_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int channels;
    float scale;
    int zero_point;
} btw_quantize_linear_u16;

/* x[pixels][channels] to y */

#if !defined(BTW_INLINE_KERNELS)
void btw_quantize_linear_u16_scalar(const btw_quantize_linear_u16 *layer, const float *x, uint16_t *y, int pixels);
#endif

#endif
