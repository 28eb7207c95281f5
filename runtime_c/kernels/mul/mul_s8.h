/* Product of two tensors that broadcast, int8 (onnxruntime's QLinearMul). */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MUL_S8_H
#define BTW_MUL_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int channels;
    int a_pixel; /* elements of a from one pixel of y to the next */
    int a_channel;
    int b_pixel;
    int b_channel;
    int a_zero_point;
    int b_zero_point;
    btw_requantization requantization; /* of one channel: proved for every product */
} btw_mul_s8;

typedef struct {
    int channels;
    int a_pixel;
    int a_channel;
    int b_pixel;
    int b_channel;
    int a_zero_point;
    int b_zero_point;
    float ratio;
    int y_zero_point;
    int offset; /* of the codes in the formula: 128 where the model has uint8 */
} btw_mul_float_s8;

/* clamp(round_half_even((float)product * ratio + y_zero_point) - offset), where ties leave no integer form */

/* y[pixels][channels]; it may be an operand that has its shape */

#if !defined(BTW_INLINE_KERNELS)
void btw_mul_float_s8_mve(const btw_mul_float_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_mul_float_s8_scalar(const btw_mul_float_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_mul_s8_mve(const btw_mul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_mul_float_s8_neon(const btw_mul_float_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_mul_s8_neon(const btw_mul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_mul_s8_dsp(const btw_mul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_mul_s8_scalar(const btw_mul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
#endif

#endif
