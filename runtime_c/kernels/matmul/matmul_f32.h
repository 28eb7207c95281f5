/* Products of stacks of two matrices, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MATMUL_F32_H
#define BTW_MATMUL_F32_H

#include "btw.h"

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
} btw_matmul_f32;

#if !defined(BTW_INLINE_KERNELS)
void btw_matmul_f32_scalar(const btw_matmul_f32 *layer, const float *a, const float *b, float *y);
#endif

#endif
