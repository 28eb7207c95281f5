/* Max pooling, int8, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "max_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_max_pool_s8_scalar(const btw_max_pool_s8 *layer, const void *const rows[], int8_t *y)
{
    for (int ox = 0; ox < layer->output_width; ox++) {
        const int left = ox * layer->stride_width - layer->pad_left;
        for (int c = 0; c < layer->channels; c++) {
            int8_t largest = INT8_MIN;
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *row = rows[ky];
                if (!row)
                    continue;
                for (int kx = 0; kx < layer->kernel_width; kx++) {
                    const int ix = left + kx * layer->dilation_width;
                    if (ix < 0 || ix >= layer->input_width)
                        continue;
                    const int8_t value = row[ix * layer->channels + c];
                    largest = value > largest ? value : largest;
                }
            }
            *y++ = largest;
        }
    }
}

#endif
