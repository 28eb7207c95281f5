/* Average pooling, int8, little-endian words at any address: 4 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_average_pool_sums_s8_scalar for at least 4 channels and at most 257 pixels a window: sums of codes + 128
 * fit 16 bits. */
#include "average_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_average_pool_sums_s8_armv7m(const btw_average_pool_sums_s8 *sums, const void *const rows[],
                                                int8_t *y)
{
    const btw_average_pool_s8 *const layer = &sums->layer;
    const int channels = layer->channels, step = layer->dilation_width * channels;
    for (int ox = 0; ox < layer->output_width; ox++, y += channels) {
        const btw_average_pool_columns columns = btw_average_pool_columns_of(layer, ox);
        const int count = btw_average_pool_count(layer, rows, columns);
        for (int block = 0; block < channels; block += 4) {
            const int c = block + 4 <= channels ? block : channels - 4; /* some channels twice */
            const int at = columns.left * channels + columns.first * step + c;
            uint32_t even = 0, odd = 0; /* two sums each */
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *const row = rows[ky];
                for (int i = 0; row && i < columns.end - columns.first; i++) {
                    uint32_t codes;
                    memcpy(&codes, row + at + i * step, sizeof codes);
                    codes ^= 0x80808080u;
                    even += codes & 0x00ff00ffu;
                    odd += codes >> 8 & 0x00ff00ffu;
                }
            }
            const uint32_t four[4] = {even & 0xffff, odd & 0xffff, even >> 16, odd >> 16};
            for (int i = 0; i < 4; i++)
                y[c + i] = btw_average_pool_sum_code(sums, (int32_t)four[i] - 128 * count, count, rows, columns, c + i);
        }
    }
}

#endif
