/* Matrix product, int8, Armv7E-M: 2 rows by 4 columns at a time, as btw_matmul_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs a shift of at most 3, 2 rows and 4 columns. */
#include "matmul_s8.h"

#include "btw_matmul_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Codes that may be wrong, once more. */
static inline void btw_matmul_again(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int s = 0; s < layer->stack; s++) {
        for (int r = 0; r < layer->rows; r++) {
            for (int c = 0; c < layer->columns; c++) {
                int8_t *const code = y + layer->y_offsets[s] + r * layer->y_row + c * layer->y_column;
                const unsigned bit = (unsigned)(*code + 128);
                if (!(layer->suspects[bit >> 5] >> (bit & 31) & 1))
                    continue;
                const int8_t *const row = a + layer->a_offsets[s] + r * layer->a_row;
                const int8_t *const column = b + layer->b_offsets[s] + c * layer->b_column;
                *code = btw_matmul_code(layer, btw_matmul_sum(layer, row, column));
            }
        }
    }
}

BTW_KERNEL BTW_FOLDED void btw_matmul_s8_dsp(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                             void *scratch)
{
    const int times = 1 << (3 - layer->requantization.shift);
    btw_matmul_by(layer, a, b, y, scratch, times, layer->requantization.offset * times,
                  layer->requantization.multiplier[0], btw_matmul_blocks);
    if (layer->suspects)
        btw_matmul_again(layer, a, b, y);
}

#endif
