/* Matrix product, int8, Helium: columns packed like weights, rows like pixels of a fully connected layer. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_matmul_s8_scalar. A code of b less its zero point is the sum of two bytes: a row meets both. Clobbers q4
 * to q7 inside. */
#include "btw_mve.h"
#include "matmul_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#define BTW_MATMUL_S8_MVE_ROWS 16 /* in scratch memory */

BTW_MVE_FUNCTION(btw_matmul_s8_mve_short, btw_mve_pixels, BTW_MVE_PIXELS_SHORT(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_matmul_s8_mve_short_by_scale, btw_mve_pixels, BTW_MVE_PIXELS_SHORT(BTW_MVE_BY_SCALE))
BTW_MVE_FUNCTION(btw_matmul_s8_mve_long, btw_mve_pixels, BTW_MVE_PIXELS_LONG(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_matmul_s8_mve_long_by_scale, btw_mve_pixels, BTW_MVE_PIXELS_LONG(BTW_MVE_BY_SCALE))

/* Lanes 0, step, ... 7 * step. */
#define BTW_MATMUL_S8_MVE_LANES "mov lr, #0\n\tvidup.u16 q0, lr, #1\n\tvmul.i16 q0, q0, %[step]\n\t"

/* `count` bytes that lie `step` apart to y. */
static inline void btw_matmul_s8_mve_gather(const int8_t *x, int8_t *y, int count, int step)
{
    __asm__ volatile(BTW_MATMUL_S8_MVE_LANES "dlstp.16 lr, %[count]\n"
                                             "1:\n\tvldrb.u16 q1, [%[x], q0]\n\tvstrb.16 q1, [%[y]], #8\n\t"
                                             "add %[x], %[x], %[step], lsl #3\n\tletp lr, 1b"
                     : [x] "+&r"(x), [y] "+&l"(y)
                     : [count] "r"(count), [step] "r"(step)
                     : BTW_MVE_P0 "lr", "q0", "q1", "cc", "memory");
}

/* `count` bytes at x to places `step` apart. */
static inline void btw_matmul_s8_mve_scatter(const int8_t *x, int8_t *y, int count, int step)
{
    __asm__ volatile(BTW_MATMUL_S8_MVE_LANES "dlstp.16 lr, %[count]\n"
                                             "1:\n\tvldrb.u16 q1, [%[x]], #8\n\tvstrb.16 q1, [%[y], q0]\n\t"
                                             "add %[y], %[y], %[step], lsl #3\n\tletp lr, 1b"
                     : [x] "+&l"(x), [y] "+&r"(y)
                     : [count] "r"(count), [step] "r"(step)
                     : BTW_MVE_P0 "lr", "q0", "q1", "cc", "memory");
}

/* Up to 16 codes of a column, `step` apart, less their zero point, as sums of two bytes; adds them to `sum`. */
static inline int32_t btw_matmul_s8_mve_split(const int8_t *x, int8_t *most, int8_t *more, int count, int step,
                                              int zero_point, int32_t sum)
{
    register int32_t total __asm__("r12") = sum;
    __asm__ volatile(BTW_MATMUL_S8_MVE_LANES "dlstp.16 lr, %[count]\n"
                                             "1:\n\tvldrb.s16 q1, [%[x], q0]\n\tvsub.i16 q1, q1, %[zero]\n\t"
                                             "vaddva.s16 %[total], q1\n\tvqmovnb.s16 q2, q1\n\t"
                                             "vstrb.16 q2, [%[most]], #8\n\tvmovlb.s8 q2, q2\n\t"
                                             "vsub.i16 q1, q1, q2\n\tvstrb.16 q1, [%[more]], #8\n\t"
                                             "add %[x], %[x], %[step], lsl #3\n\tletp lr, 1b"
                     : [x] "+&r"(x), [most] "+&l"(most), [more] "+&l"(more), [total] "+&r"(total)
                     : [count] "r"(count), [step] "r"(step), [zero] "r"(zero_point)
                     : BTW_MVE_P0 "lr", "q0", "q1", "q2", "cc", "memory");
    return total;
}

/* Columns b[0 .. columns - 1], filled up to eights, as a stream for the loops of a fully connected layer. */
static inline void btw_matmul_s8_mve_pack(const btw_matmul_s8 *layer, const int8_t *b, int columns, int32_t *stream,
                                          int32_t factor)
{
    const int half = (layer->depth + 15) / 16, steps = 2 * half, words = steps * 16 + 8;
    memset(stream, 0, (size_t)((columns + 7) / 8 * 2 * words) * sizeof *stream);
    for (int c = 0; c < columns; c++) {
        int32_t *const block = stream + (c / 8 * 2 + c % 2) * words, *const end = block + steps * 16 + c % 8 / 2;
        int8_t *const weights = (int8_t *)block + c % 8 / 2 * 16;
        const int8_t *const column = b + c * layer->b_column;
        int32_t sum = 0;
        for (int i = 0; i < half; i++) {
            const int first = i > 0 && steps <= 8 ? steps - i : i, second = steps <= 8 ? half - i : half + i;
            const int left = layer->depth - 16 * i;
            sum = btw_matmul_s8_mve_split(column + 16 * i * layer->b_depth, weights + first * 64, weights + second * 64,
                                          left < 16 ? left : 16, layer->b_depth, layer->b_zero_point, sum);
        }
        end[0] = -layer->a_zero_point * sum;
        end[4] = factor;
    }
}

/* scratch: the stream of a block of columns, rows, 16 bytes, and results of those rows. */
BTW_KERNEL void btw_matmul_s8_mve(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                  void *scratch)
{
    const btw_requantization *const codes = &layer->requantization;
    const int by_scale = layer->suspects != NULL || codes->shift != BTW_MVE_SHIFT;
    const int half = (layer->depth + 15) / 16, steps = 2 * half, most = 4 * layer->blocks;
    int32_t *const stream = scratch;
    int8_t *const given = (int8_t *)(stream + most / 8 * 2 * (steps * 16 + 8));
    int8_t *const made = given + BTW_MATMUL_S8_MVE_ROWS * 16 * steps + 16;
    int32_t factor = codes->multiplier[0];
    if (by_scale)
        memcpy(&factor, codes->scale, sizeof factor);
    for (int s = 0; s < layer->stack; s++) {
        for (int c = 0; c < layer->columns; c += most) {
            const int columns = layer->columns - c < most ? layer->columns - c : most;
            btw_matmul_s8_mve_pack(layer, b + layer->b_offsets[s] + c * layer->b_column, columns, stream, factor);
            for (int r = 0; r < layer->rows; r += BTW_MATMUL_S8_MVE_ROWS) {
                const int left = layer->rows - r, rows = left < BTW_MATMUL_S8_MVE_ROWS ? left : BTW_MATMUL_S8_MVE_ROWS;
                const int8_t *const from = a + layer->a_offsets[s] + r * layer->a_row;
                int8_t *const to = y + layer->y_offsets[s] + r * layer->y_row + c * layer->y_column;
                for (int i = 0; i < rows; i++) {
                    int8_t *const row = given + i * 16 * steps;
                    btw_matmul_s8_mve_gather(from + i * layer->a_row, row, layer->depth, layer->a_depth);
                    btw_matmul_s8_mve_gather(from + i * layer->a_row, row + 16 * half, layer->depth, layer->a_depth);
                }
                const btw_mve_pixels frame =
                    btw_mve_pixels_frame(16 * steps, columns, 0, codes->zero_point, stream, given, made, rows);
                if (steps <= 8 && by_scale)
                    btw_matmul_s8_mve_short_by_scale(&frame);
                else if (steps <= 8)
                    btw_matmul_s8_mve_short(&frame);
                else if (by_scale)
                    btw_matmul_s8_mve_long_by_scale(&frame);
                else
                    btw_matmul_s8_mve_long(&frame);
                for (int i = 0; i < rows; i++)
                    btw_matmul_s8_mve_scatter(made + i * columns, to + i * layer->y_row, columns, layer->y_column);
            }
        }
    }
}

#endif
