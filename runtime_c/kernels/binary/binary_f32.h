/* Arithmetic of two tensors that broadcast, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_BINARY_F32_H
#define BTW_BINARY_F32_H

#include "btw_broadcast.h"
#include <math.h>

typedef btw_broadcast btw_binary_f32;

/* y[pixels][channels]; it may be an operand that has its shape */

#if !defined(BTW_INLINE_KERNELS)
void btw_binary_add_f32_mve(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_add_f32_neon(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_add_f32_scalar(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_div_f32_neon(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_div_f32_scalar(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_max_f32_neon(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_max_f32_scalar(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_min_f32_neon(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_min_f32_scalar(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_mul_f32_mve(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_mul_f32_scalar(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_pow_f32_scalar(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_prelu_f32_mve(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_prelu_f32_scalar(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_sub_f32_mve(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_mul_f32_neon(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_prelu_f32_neon(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_sub_f32_neon(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
void btw_binary_sub_f32_scalar(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y, int pixels);
#endif

#endif
