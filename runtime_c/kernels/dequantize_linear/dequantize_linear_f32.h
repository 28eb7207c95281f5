/* int8 codes to float32 values. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_DEQUANTIZE_LINEAR_F32_H
#define BTW_DEQUANTIZE_LINEAR_F32_H

#include "btw.h"

typedef struct {
    int channels;
    float scale;
    int zero_point;
} btw_dequantize_linear_f32;

/* x[pixels][channels] to y */

#if !defined(BTW_INLINE_KERNELS)
void btw_dequantize_linear_f32_fpu(const btw_dequantize_linear_f32 *layer, const int8_t *x, float *y, int pixels);
void btw_dequantize_linear_f32_mve(const btw_dequantize_linear_f32 *layer, const int8_t *x, float *y, int pixels);
void btw_dequantize_linear_f32_neon(const btw_dequantize_linear_f32 *layer, const int8_t *x, float *y, int pixels);
void btw_dequantize_linear_f32_scalar(const btw_dequantize_linear_f32 *layer, const int8_t *x, float *y, int pixels);
#endif

#endif
