/* Matrix product, int8, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "matmul_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_matmul_s8_scalar(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int s = 0; s < layer->stack; s++) {
        for (int r = 0; r < layer->rows; r++) {
            const int8_t *const row = a + layer->a_offsets[s] + r * layer->a_row;
            for (int c = 0; c < layer->columns; c++) {
                const int8_t *const column = b + layer->b_offsets[s] + c * layer->b_column;
                int32_t sum = 0;
                for (int k = 0; k < layer->depth; k++)
                    sum += (row[k * layer->a_depth] - layer->a_zero_point) *
                           (column[k * layer->b_depth] - layer->b_zero_point);
                y[layer->y_offsets[s] + r * layer->y_row + c * layer->y_column] =
                    btw_requantize(&layer->requantization, 0, sum);
            }
        }
    }
}

#endif
