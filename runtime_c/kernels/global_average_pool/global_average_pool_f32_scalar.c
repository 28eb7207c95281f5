/* Global average pooling, float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "global_average_pool_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_global_average_pool_f32_scalar(const btw_global_average_pool_f32 *layer, const float *x, float *y)
{
    for (int c = 0; c < layer->channels; c++) {
        float sum = 0.0f;
        for (int pixel = 0; pixel < layer->pixels; pixel++)
            sum += x[pixel * layer->channels + c];
        y[c] = sum / (float)layer->pixels;
    }
}

#endif
