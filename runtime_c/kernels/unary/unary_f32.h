/* Functions of one value, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_UNARY_F32_H
#define BTW_UNARY_F32_H

#include "btw.h"
#include <math.h>

typedef struct {
    int channels;
    float alpha; /* of functions that have parameters */
    float beta;
} btw_unary_f32;

/* log(1 + e**x) without overflow */
static inline float btw_softplus(float x)
{
    return x > 0.0f ? x + log1pf(expf(-x)) : log1pf(expf(x));
}

static inline float btw_between(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

/* x[pixels][channels] to y, which may be x */

#if !defined(BTW_INLINE_KERNELS)
void btw_unary_abs_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_ceil_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_celu_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_elu_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_elu_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_elu_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_erf_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_exp_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_floor_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_gelu_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_gelu_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_gelu_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_gelu_tanh_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_gelu_tanh_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_hard_sigmoid_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_hard_sigmoid_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_hard_swish_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_hard_swish_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_leaky_relu_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_leaky_relu_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_log_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_mish_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_hard_sigmoid_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_hard_swish_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_leaky_relu_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_mish_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_mish_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_neg_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_pow_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_reciprocal_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_round_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_selu_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_sigmoid_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_sigmoid_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_sigmoid_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_sign_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_softplus_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_softsign_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_sqrt_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_swish_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_swish_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_tanh_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_swish_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_tanh_f32_neon(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_tanh_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
void btw_unary_thresholded_relu_f32_scalar(const btw_unary_f32 *layer, const float *x, float *y, int pixels);
#endif

#endif
