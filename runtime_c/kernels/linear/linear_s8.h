/* Fully connected layer, int8. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_LINEAR_S8_H
#define BTW_LINEAR_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int inputs;
    int outputs;
    const int8_t *weights; /* [outputs][inputs] */
    const int32_t *bias;   /* [outputs], the input zero point folded in */
    btw_requantization requantization;
} btw_linear_s8;

/* x[pixels][inputs] to y[pixels][outputs] */
#if !defined(BTW_INLINE_KERNELS)
void btw_linear_s8_scalar(const btw_linear_s8 *layer, const int8_t *x, int8_t *y, int pixels);
#endif

#endif
