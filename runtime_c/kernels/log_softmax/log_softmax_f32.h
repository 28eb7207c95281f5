/* The logarithm of softmax along any axis, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_LOG_SOFTMAX_F32_H
#define BTW_LOG_SOFTMAX_F32_H

#include "btw.h"

typedef struct {
    int outer;
    int size; /* of the axis */
    int inner;
} btw_log_softmax_f32;

/* x[outer][size][inner] to y, which may be x */

#if !defined(BTW_INLINE_KERNELS)
void btw_log_softmax_f32_scalar(const btw_log_softmax_f32 *layer, const float *x, float *y);
#endif

#endif
