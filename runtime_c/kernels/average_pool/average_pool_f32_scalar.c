/* Average pooling, float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "average_pool_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_average_pool_f32_scalar(const btw_average_pool_f32 *layer, const void *const rows[], float *y)
{
    for (int ox = 0; ox < layer->output_width; ox++) {
        const int left = ox * layer->stride_width - layer->pad_left;
        for (int c = 0; c < layer->channels; c++) {
            float sum = 0.0f;
            int count = 0;
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const float *row = rows[ky];
                if (!row)
                    continue;
                for (int kx = 0; kx < layer->kernel_width; kx++) {
                    const int ix = left + kx * layer->dilation_width;
                    if (ix < 0 || ix >= layer->input_width)
                        continue;
                    sum += row[ix * layer->channels + c];
                    count++;
                }
            }
            *y++ = sum / (float)count;
        }
    }
}

#endif
