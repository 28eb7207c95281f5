/* One of two tensors, by a condition, int8, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "where_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_where_s8_scalar(const btw_where_s8 *layer, const uint8_t *x0, const int8_t *x1, const int8_t *x2,
                                    int8_t *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++) {
        for (int c = 0; c < layer->channels; c++) {
            const int8_t a = x1[c * layer->a_channel], b = x2[c * layer->b_channel];
            if (x0[c * layer->condition_channel])
                *y++ = layer->a_table ? layer->a_table[a + 128] : a;
            else
                *y++ = layer->b_table ? layer->b_table[b + 128] : b;
        }
        x0 += layer->condition_pixel;
        x1 += layer->a_pixel;
        x2 += layer->b_pixel;
    }
}

#endif
