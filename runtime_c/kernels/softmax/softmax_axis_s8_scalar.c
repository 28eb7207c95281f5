/* Softmax along any axis, int8, any processor. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "softmax_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_softmax_axis_s8_scalar(const btw_softmax_axis_s8 *layer, const int8_t *x, int8_t *y)
{
    const int inner = layer->inner, size = layer->size;
    for (int outer = 0; outer < layer->outer; outer++, x += size * inner, y += size * inner) {
        for (int i = 0; i < inner; i++) {
            int largest = x[i];
            for (int k = 1; k < size; k++)
                largest = x[k * inner + i] > largest ? x[k * inner + i] : largest;
            const int offset = 255 - largest;
            float sum = 0.0f;
            for (int k = 0; k < size; k++)
                sum += layer->exponentials[offset + x[k * inner + i]];
            for (int k = 0; k < size; k++) {
                const float share = layer->exponentials[offset + x[k * inner + i]] * layer->levels / sum;
                y[k * inner + i] = btw_saturate_s8(btw_round_half_even(share) + (float)layer->zero_point);
            }
        }
    }
}

#endif
