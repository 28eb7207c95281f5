/* Softmax along any axis, float32: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "softmax_f32.h"
#include <math.h>

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_softmax_axis_f32_mve(const btw_softmax_axis_f32 *layer, const float *x, float *y)
{
    const int inner = layer->inner, size = layer->size;
    for (int outer = 0; outer < layer->outer; outer++, x += size * inner, y += size * inner) {
        for (int i = 0; i < inner; i++) {
            float largest = x[i], sum = 0.0f;
            for (int k = 1; k < size; k++)
                largest = x[k * inner + i] > largest ? x[k * inner + i] : largest;
            for (int k = 0; k < size; k++) {
                y[k * inner + i] = expf(x[k * inner + i] - largest);
                sum += y[k * inner + i];
            }
            for (int k = 0; k < size; k++)
                y[k * inner + i] /= sum;
        }
    }
}

#endif
