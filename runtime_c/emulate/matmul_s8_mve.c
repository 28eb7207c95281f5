/* Matrix product, int8: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "matmul_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_matmul_s8_mve(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                  void *scratch)
{
    (void)scratch;
    for (int s = 0; s < layer->stack; s++) {
        for (int r = 0; r < layer->rows; r += 2) {
            const int row = r + 1 < layer->rows; /* 0 where the last row is alone: it is computed twice */
            const int8_t *const a0 = a + layer->a_offsets[s] + r * layer->a_row;
            for (int c = 0; c < layer->columns; c += 2) {
                const int column = c + 1 < layer->columns;
                const int8_t *const b0 = b + layer->b_offsets[s] + c * layer->b_column;
                int8_t *const y0 = y + layer->y_offsets[s] + r * layer->y_row + c * layer->y_column;
                int32_t sums[4];
                btw_matmul_block(layer, a0, a0 + row * layer->a_row, b0, b0 + column * layer->b_column, sums);
                for (int i = 0; i < 4; i++)
                    y0[(i >> 1) * row * layer->y_row + (i & 1) * column * layer->y_column] =
                        btw_matmul_code(layer, sums[i]);
            }
        }
    }
}

#endif
