/* Matrix product, float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "matmul_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_matmul_f32_scalar(const btw_matmul_f32 *layer, const float *a, const float *b, float *y)
{
    for (int s = 0; s < layer->stack; s++) {
        for (int r = 0; r < layer->rows; r++) {
            const float *const row = a + layer->a_offsets[s] + r * layer->a_row;
            for (int c = 0; c < layer->columns; c++) {
                const float *const column = b + layer->b_offsets[s] + c * layer->b_column;
                float sum = 0.0f;
                for (int k = 0; k < layer->depth; k++)
                    sum += row[k * layer->a_depth] * column[k * layer->b_depth];
                y[layer->y_offsets[s] + r * layer->y_row + c * layer->y_column] = sum;
            }
        }
    }
}

#endif
