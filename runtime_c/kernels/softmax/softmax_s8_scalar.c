/* Softmax over the last axis, int8, any processor. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "softmax_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_softmax_s8_scalar(const btw_softmax_s8 *layer, const int8_t *x, int8_t *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += layer->channels, y += layer->channels) {
        int largest = x[0];
        for (int c = 1; c < layer->channels; c++)
            largest = x[c] > largest ? x[c] : largest;
        const int offset = 255 - largest;
        float sum = 0.0f;
        for (int c = 0; c < layer->channels; c++)
            sum += layer->exponentials[offset + x[c]];
        for (int c = 0; c < layer->channels; c++) {
            const float share = layer->exponentials[offset + x[c]] * layer->levels / sum;
            y[c] = btw_saturate_s8(btw_round_half_even(share) + (float)layer->zero_point);
        }
    }
}

#endif
