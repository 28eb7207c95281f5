/* Global average pooling, int8, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "global_average_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_global_average_pool_s8_scalar(const btw_global_average_pool_s8 *layer, const int8_t *x, int8_t *y)
{
    for (int c = 0; c < layer->channels; c++) {
        int32_t sum = layer->bias;
        for (int pixel = 0; pixel < layer->pixels; pixel++)
            sum += x[pixel * layer->channels + c];
        y[c] = btw_requantize(&layer->requantization, 0, sum);
    }
}

#endif
