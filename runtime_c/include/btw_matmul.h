/* Products of two int8 matrices on Cortex-M: packing, and the order of blocks of 2 rows and 4 columns. Comes behind
 * matmul_s8.h. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MATMUL_H
#define BTW_MATMUL_H

/* What a loop keeps on the stack. Codes are widened to 16 bits, their zero points taken off. */
typedef struct {
    const int16_t *x, *x_end;    /* 0, 4: [steps][2 rows][together] */
    int8_t *y0, *y1;             /* 8, 12 */
    int32_t offset, multiplier;  /* 16, 20: or the zero point and the bits of a float32 scale */
    int column;                  /* 24: bytes from a column of y to the next */
    int skip;                    /* 28: bytes of unrolled steps left out in the first pass */
    const int16_t *stream, *end; /* 32, 36: of each block of 4 columns [steps][4][together] */
} btw_matmul_frame;

_Static_assert(sizeof(btw_matmul_frame) == 10 * sizeof(void *) - 4 * (sizeof(void *) - 4), "the loop copies 10 words");

typedef void btw_matmul_loop(const btw_matmul_frame *frame);

/* How a loop wants its operands: columns `times` as large, `together` neighbours along the depth, zeros up to steps. */
typedef struct {
    int times;
    int together;
    int steps;
    int skip;
} btw_matmul_packing;

/* `lanes` rows or columns of a matrix, step by step. */
static inline int16_t *btw_matmul_pack(const btw_matmul_packing *packing, const int8_t *x, int lanes, int lane_step,
                                       int depth, int depth_step, int zero_point, int times, int16_t *to)
{
    const int together = packing->together;
    for (int step = 0; step < packing->steps; step++, x += together * depth_step)
        for (int lane = 0; lane < lanes; lane++)
            for (int i = 0; i < together; i++) {
                const int inside = step * together + i < depth;
                *to++ = inside ? (int16_t)((x[lane * lane_step + i * depth_step] - zero_point) * times) : 0;
            }
    return to;
}

/* At least 2 rows and 4 columns. The last row and the last columns are computed again with those before them where
 * they fill no block. scratch: for each step 2 units, and 4 of each block that is packed at once. Inlined into each
 * kernel, so that no loop is called by a pointer. */
static inline __attribute__((always_inline)) void
btw_matmul_by(const btw_matmul_s8 *layer, const btw_matmul_packing *packing, const int8_t *a, const int8_t *b,
              int8_t *y, void *scratch, int32_t offset, int32_t multiplier, btw_matmul_loop *loop)
{
    const int columns = layer->columns, depth = layer->depth, unit = packing->steps * packing->together;
    int16_t *const x = scratch, *const stream = x + 2 * unit;
    for (int s = 0; s < layer->stack; s++) {
        for (int first = 0; first < columns; first += 4 * layer->blocks) {
            const int left = columns - first, blocks = (left + 3) / 4 < layer->blocks ? (left + 3) / 4 : layer->blocks;
            const int whole = 4 * blocks <= left ? blocks : blocks - 1;
            int16_t *end = stream;
            for (int block = 0; block < blocks; block++) {
                const int c = block < whole ? first + 4 * block : columns - 4;
                end = btw_matmul_pack(packing, b + layer->b_offsets[s] + c * layer->b_column, 4, layer->b_column, depth,
                                      layer->b_depth, layer->b_zero_point, packing->times, end);
            }
            for (int row = 0; row < layer->rows; row += 2) {
                const int r = row + 1 < layer->rows ? row : row - 1;
                btw_matmul_pack(packing, a + layer->a_offsets[s] + r * layer->a_row, 2, layer->a_row, depth,
                                layer->a_depth, layer->a_zero_point, 1, x);
                int8_t *const to = y + layer->y_offsets[s] + r * layer->y_row;
                btw_matmul_frame frame = {
                    .x = x,
                    .x_end = stream,
                    .y0 = to + first * layer->y_column,
                    .y1 = to + first * layer->y_column + layer->y_row,
                    .offset = offset,
                    .multiplier = multiplier,
                    .column = layer->y_column,
                    .skip = packing->skip,
                    .stream = stream,
                    .end = stream + 4 * unit * whole,
                };
                if (whole)
                    loop(&frame);
                if (whole < blocks) {
                    frame.y0 = to + (columns - 4) * layer->y_column;
                    frame.y1 = frame.y0 + layer->y_row;
                    frame.stream = frame.end;
                    frame.end = end;
                    loop(&frame);
                }
            }
        }
    }
}

/* Codes that may be wrong for want of a proof, once more. */
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

/* By integers with a shift of 3. */
static inline __attribute__((always_inline)) void btw_matmul_by_integers(const btw_matmul_s8 *layer,
                                                                         const btw_matmul_packing *packing,
                                                                         const int8_t *a, const int8_t *b, int8_t *y,
                                                                         void *scratch, btw_matmul_loop *loop)
{
    const btw_requantization *const by = &layer->requantization;
    btw_matmul_by(layer, packing, a, b, y, scratch, by->offset * packing->times, by->multiplier[0], loop);
    if (layer->suspects)
        btw_matmul_again(layer, a, b, y);
}

/* How much larger columns are where the proof is for another shift. */
static inline int btw_matmul_times(const btw_matmul_s8 *layer)
{
    return 1 << (3 - layer->requantization.shift);
}

#endif
