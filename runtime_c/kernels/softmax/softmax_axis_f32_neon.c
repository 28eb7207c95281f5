/* Softmax along any axis, float32, NEON: softmax_axis_f32_scalar.c but for rounding, for 4 values inside and more. */
/* SPDX-License-Identifier: MIT-0 */
#include "softmax_f32.h"
#include "btw_functions_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* x[size] to y, each four values, `inner` apart. */
BTW_BLOCK void btw_softmax_axis_four(const float *x, float *y, int size, int inner)
{
    float32x4_t largest = vld1q_f32(x), sum = vdupq_n_f32(0.0f);
    for (int k = 1; k < size; k++)
        largest = vmaxq_f32(largest, vld1q_f32(x + k * inner));
    for (int k = 0; k < size; k++) {
        const float32x4_t e = btw_exponential(vsubq_f32(vld1q_f32(x + k * inner), largest));
        sum = vaddq_f32(sum, e);
        vst1q_f32(y + k * inner, e);
    }
    for (int k = 0; k < size; k++)
        vst1q_f32(y + k * inner, btw_quotient(vld1q_f32(y + k * inner), sum));
}

/* The last four reach back to values that were done before: y is not x. */
BTW_KERNEL void btw_softmax_axis_f32_neon(const btw_softmax_axis_f32 *layer, const float *x, float *y)
{
    const int inner = layer->inner, size = layer->size;
    for (int outer = 0; outer < layer->outer; outer++, x += size * inner, y += size * inner) {
        for (int i = 0; i < inner; i += 4) {
            const int at = i + 4 <= inner ? i : inner - 4;
            btw_softmax_axis_four(x + at, y + at, size, inner);
        }
    }
}

#endif
