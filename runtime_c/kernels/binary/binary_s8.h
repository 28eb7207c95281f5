/* Arithmetic of two tensors that broadcast, int8 as onnxruntime computes it: in float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_BINARY_S8_H
#define BTW_BINARY_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int channels;
    int a_pixel; /* elements of a from one pixel of y to the next */
    int a_channel;
    int b_pixel;
    int b_channel;
    float a_scale;
    int a_zero_point;
    float b_scale;
    int b_zero_point;
    float y_scale;
    int y_zero_point;
} btw_binary_s8;

/* y[pixels][channels]; it may be an operand that has its shape */

#if !defined(BTW_INLINE_KERNELS)
void btw_binary_div_s8_neon(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y, int pixels);
void btw_binary_div_s8_scalar(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y, int pixels);
void btw_binary_max_s8_neon(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y, int pixels);
void btw_binary_max_s8_scalar(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y, int pixels);
void btw_binary_min_s8_neon(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y, int pixels);
void btw_binary_min_s8_scalar(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y, int pixels);
void btw_binary_prelu_s8_neon(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y, int pixels);
void btw_binary_prelu_s8_scalar(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y, int pixels);
void btw_binary_sub_s8_neon(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y, int pixels);
void btw_binary_sub_s8_scalar(const btw_binary_s8 *layer, const int8_t *x0, const int8_t *x1, int8_t *y, int pixels);
#endif

#endif
