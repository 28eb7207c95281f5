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
    btw_requantization requantization; /* of one channel */
} btw_matmul_s8;

#if !defined(BTW_INLINE_KERNELS)
void btw_matmul_s8_scalar(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y);
#endif

#endif
