/* Average pooling, int8, by sums in integers: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "average_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_average_pool_sums_s8_mve(const btw_average_pool_sums_s8 *sums, const void *const rows[], int8_t *y,
                                             void *scratch)
{
    (void)scratch;
    const btw_average_pool_s8 *const layer = &sums->layer;
    const int step = layer->dilation_width * layer->channels;
    for (int ox = 0; ox < layer->output_width; ox++) {
        const btw_average_pool_columns columns = btw_average_pool_columns_of(layer, ox);
        const int count = btw_average_pool_count(layer, rows, columns);
        for (int c = 0; c < layer->channels; c++) {
            const int at = columns.left * layer->channels + columns.first * step + c;
            int32_t sum = 0;
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *const row = rows[ky];
                for (int i = 0; row && i < columns.end - columns.first; i++)
                    sum += row[at + i * step];
            }
            *y++ = btw_average_pool_sum_code(sums, sum, count, rows, columns, c);
        }
    }
}

#endif
