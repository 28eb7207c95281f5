/* Global average pooling, float32: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "global_average_pool_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_global_average_pool_f32_mve(const btw_global_average_pool_f32 *layer, const float *x, float *y,
                                                int row)
{
    for (int c = 0; c < layer->channels; c++) {
        float sum = row == 0 ? 0.0f : y[c];
        for (int ix = 0; ix < layer->width; ix++)
            sum += x[ix * layer->channels + c];
        y[c] = row == layer->height - 1 ? sum / (float)(layer->height * layer->width) : sum;
    }
}

#endif
