/* Plain C twin of global_average_pool_s8_mve.c, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "global_average_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_global_average_pool_s8_mve(const btw_global_average_pool_s8 *layer, const int8_t *x, int8_t *y,
                                               int row, int32_t *sums)
{
    for (int c = 0; c < layer->channels; c++) {
        int32_t sum = row == 0 ? layer->bias : sums[c];
        for (int ix = 0; ix < layer->width; ix++)
            sum += x[ix * layer->channels + c];
        sums[c] = sum;
    }
    if (row == layer->height - 1) {
        for (int c = 0; c < layer->channels; c++)
            y[c] = btw_requantize(&layer->requantization, 0, sums[c]);
    }
}

#endif
