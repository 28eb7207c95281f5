/* Average pooling, int8: the plain C twin of the Helium kernel. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "average_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_average_pool_s8_mve(const btw_average_pool_s8 *layer, const void *const rows[], int8_t *y,
                                        void *scratch)
{
    (void)scratch;
    for (int ox = 0; ox < layer->output_width; ox++) {
        const int left = ox * layer->stride_width - layer->pad_left;
        for (int c = 0; c < layer->channels; c++) {
            float sum = 0.0f;
            int count = 0;
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *row = rows[ky];
                if (!row)
                    continue;
                for (int kx = 0; kx < layer->kernel_width; kx++) {
                    const int ix = left + kx * layer->dilation_width;
                    if (ix < 0 || ix >= layer->input_width)
                        continue;
                    sum += layer->input_scale * (float)(row[ix * layer->channels + c] - layer->input_zero_point);
                    count++;
                }
            }
            const float mean = sum / (float)count / layer->output_scale;
            *y++ = btw_saturate_offset_s8(mean + (float)layer->output_zero_point, layer->offset);
        }
    }
}

#endif
