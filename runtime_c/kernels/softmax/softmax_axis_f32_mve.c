/* Softmax along any axis, float32, Helium: all exponentials at once, 4 at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_softmax_axis_f32_scalar but for rounding and NaNs; y may be x. */
#include "btw_unary_f32_mve.h"
#include "softmax_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_UNARY_F32_MVE_LOOP(btw_softmax_axis_f32_mve_values, BTW_UNARY_F32_MVE_ENDS, BTW_UNARY_F32_MVE_EXP)

static inline void btw_softmax_axis_f32_mve_exponentials(float *y, int count)
{
    const btw_unary_f32_mve frame = {.x = y, .y = y, .count = count, .exponential = BTW_UNARY_F32_MVE_EXPONENTIAL};
    btw_softmax_axis_f32_mve_values(&frame);
}

BTW_KERNEL void btw_softmax_axis_f32_mve(const btw_softmax_axis_f32 *layer, const float *x, float *y)
{
    const int inner = layer->inner, size = layer->size;
    const float *from = x;
    float *to = y;
    for (int outer = 0; outer < layer->outer; outer++, from += size * inner, to += size * inner) {
        for (int i = 0; i < inner; i++) {
            float largest = from[i];
            for (int k = 1; k < size; k++)
                largest = from[k * inner + i] > largest ? from[k * inner + i] : largest;
            for (int k = 0; k < size; k++)
                to[k * inner + i] = from[k * inner + i] - largest;
        }
    }
    btw_softmax_axis_f32_mve_exponentials(y, layer->outer * size * inner);
    for (int outer = 0; outer < layer->outer; outer++, y += size * inner) {
        for (int i = 0; i < inner; i++) {
            float sum = 0.0f;
            for (int k = 0; k < size; k++)
                sum += y[k * inner + i];
            for (int k = 0; k < size; k++)
                y[k * inner + i] /= sum;
        }
    }
}

#endif
