/* Products of stacks of two matrices of codes, int8 (onnxruntime's QLinearMatMul). */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MATMUL_S8_H
#define BTW_MATMUL_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int stack;
    int rows;
    int columns;
    int depth;
    int a_row; /* elements of a from one row to the next */
    int a_depth;
    int b_depth;
    int b_column;
    int y_row;
    int y_column;
    const int32_t *a_offsets; /* [stack], elements from a to its matrix */
    const int32_t *b_offsets;
    const int32_t *y_offsets;
    int a_zero_point;
    int b_zero_point;
    btw_requantization requantization; /* of one channel; its scale where that has no proof */
    const uint32_t *suspects;          /* null, or [8] bits: codes + 128 that may be wrong without a proof */
    int blocks;                        /* of 4 columns that are packed at once, for kernels with scratch memory */
} btw_matmul_s8;

/* The code of a sum: where there is no proof, suspect codes are computed again by the exact form. */
static inline int8_t btw_matmul_code(const btw_matmul_s8 *layer, int32_t sum)
{
    const int8_t code = btw_requantize(&layer->requantization, 0, sum);
    const unsigned bit = (unsigned)(code + 128);
    if (layer->suspects && layer->suspects[bit >> 5] >> (bit & 31) & 1)
        return btw_requantize_exact(sum, layer->requantization.scale[0], layer->requantization.zero_point);
    return code;
}

/* The sum of a row and a column. */
static inline int32_t btw_matmul_sum(const btw_matmul_s8 *layer, const int8_t *row, const int8_t *column)
{
    int32_t sum = 0;
    for (int k = 0; k < layer->depth; k++)
        sum += (row[k * layer->a_depth] - layer->a_zero_point) * (column[k * layer->b_depth] - layer->b_zero_point);
    return sum;
}

/* Sums of 2 rows and 2 columns, which may be the same one twice. */
static inline void btw_matmul_block(const btw_matmul_s8 *layer, const int8_t *a0, const int8_t *a1, const int8_t *b0,
                                    const int8_t *b1, int32_t sums[4])
{
    const int a_zero = layer->a_zero_point, b_zero = layer->b_zero_point;
    int32_t sum00 = 0, sum01 = 0, sum10 = 0, sum11 = 0;
    for (int k = 0; k < layer->depth; k++) {
        const int32_t x0 = *a0 - a_zero, x1 = *a1 - a_zero, w0 = *b0 - b_zero, w1 = *b1 - b_zero;
        sum00 += x0 * w0;
        sum01 += x0 * w1;
        sum10 += x1 * w0;
        sum11 += x1 * w1;
        a0 += layer->a_depth;
        a1 += layer->a_depth;
        b0 += layer->b_depth;
        b1 += layer->b_depth;
    }
    sums[0] = sum00;
    sums[1] = sum01;
    sums[2] = sum10;
    sums[3] = sum11;
}

#if !defined(BTW_INLINE_KERNELS)
void btw_matmul_s8_mve(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, void *scratch);
void btw_matmul_s8_scalar(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y);
void btw_matmul_s8_armv7m(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, void *scratch);
void btw_matmul_s8_dsp(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, void *scratch);
void btw_matmul_s8_dsp_float(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, void *scratch);
#endif

#endif
