/* Softmax, int8 as onnxruntime computes it: exponentials from a table, a float32 sum in order. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_SOFTMAX_S8_H
#define BTW_SOFTMAX_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    const float *exponentials; /* [256]: of codes that are 255, 254, ... 0 below the largest, times a common factor */
    float levels;              /* output codes from 0 to 1 */
    int zero_point;
    int channels;
} btw_softmax_s8;

/* Along an axis that others lie inside of: x[outer][size][inner] to y, which may be x. */
typedef struct {
    const float *exponentials;
    float levels;
    int zero_point;
    int outer;
    int size;
    int inner;
} btw_softmax_axis_s8;

/* x[pixels][channels] to y, which may be x */

#if !defined(BTW_INLINE_KERNELS)
void btw_softmax_axis_s8_scalar(const btw_softmax_axis_s8 *layer, const int8_t *x, int8_t *y);
void btw_softmax_s8_scalar(const btw_softmax_s8 *layer, const int8_t *x, int8_t *y, int pixels);
#endif

#endif
