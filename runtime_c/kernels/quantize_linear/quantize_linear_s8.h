/* float32 values to int8 codes. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_QUANTIZE_LINEAR_S8_H
#define BTW_QUANTIZE_LINEAR_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int channels;
    float scale;
    int zero_point;
} btw_quantize_linear_s8;

/* Where about = x * reciprocal, about + (x - about * scale) * reciprocal, fused, rounds as x / scale does. */
typedef struct {
    int channels;
    float scale;
    float reciprocal;
    float low; /* x of the lowest code, and of the highest */
    float high;
    int zero_point;
} btw_quantize_linear_s8_by_reciprocal;

/* x[pixels][channels] to y */

#if !defined(BTW_INLINE_KERNELS)
void btw_quantize_linear_s8_fpu(const btw_quantize_linear_s8 *layer, const float *x, int8_t *y, int pixels);
void btw_quantize_linear_s8_mve(const btw_quantize_linear_s8_by_reciprocal *layer, const float *x, int8_t *y,
                                int pixels);
void btw_quantize_linear_s8_neon(const btw_quantize_linear_s8 *layer, const float *x, int8_t *y, int pixels);
void btw_quantize_linear_s8_scalar(const btw_quantize_linear_s8 *layer, const float *x, int8_t *y, int pixels);
#endif

#endif
