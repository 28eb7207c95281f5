/* Softmax, float32, Helium: all exponentials at once, 4 at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_softmax_f32_scalar but for rounding and NaNs; y may be x. */
#include "btw_unary_f32_mve.h"
#include "softmax_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_UNARY_F32_MVE_LOOP(btw_softmax_f32_mve_values, BTW_UNARY_F32_MVE_ENDS, BTW_UNARY_F32_MVE_EXP)

static inline void btw_softmax_f32_mve_exponentials(float *y, int count)
{
    const btw_unary_f32_mve frame = {.x = y, .y = y, .count = count, .exponential = BTW_UNARY_F32_MVE_EXPONENTIAL};
    btw_softmax_f32_mve_values(&frame);
}

BTW_KERNEL void btw_softmax_f32_mve(const btw_softmax_f32 *layer, const float *x, float *y, int pixels)
{
    const int channels = layer->channels;
    const float *from = x;
    float *to = y;
    for (int pixel = 0; pixel < pixels; pixel++, from += channels, to += channels) {
        float largest = from[0];
        for (int c = 1; c < channels; c++)
            largest = from[c] > largest ? from[c] : largest;
        for (int c = 0; c < channels; c++)
            to[c] = from[c] - largest;
    }
    btw_softmax_f32_mve_exponentials(y, pixels * channels);
    for (int pixel = 0; pixel < pixels; pixel++, y += channels) {
        float sum = 0.0f;
        for (int c = 0; c < channels; c++)
            sum += y[c];
        for (int c = 0; c < channels; c++)
            y[c] /= sum;
    }
}

#endif
