/* One of two tensors, by a condition, int64, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "where_s64.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_where_s64_scalar(const btw_where_s64 *layer, const uint8_t *x0, const int64_t *x1,
                                     const int64_t *x2, int64_t *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++) {
        for (int c = 0; c < layer->channels; c++) {
            *y++ = x0[c * layer->condition_channel] ? x1[c * layer->a_channel] : x2[c * layer->b_channel];
        }
        x0 += layer->condition_pixel;
        x1 += layer->a_pixel;
        x2 += layer->b_pixel;
    }
}

#endif
