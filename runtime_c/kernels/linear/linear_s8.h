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

typedef struct {
    int inputs;
    int outputs;
    int zero_point;
    int by_scale;          /* 1: the bits of a float32 scale in place of each multiplier */
    const int32_t *stream; /* [outputs / 8, rounded up][2]: int8 weights [inputs / 16, rounded up][4][16], bias[4],
                              multiplier[4], for channels 0 2 4 6, then for 1 3 5 7 of each eight */
} btw_linear_s8_mve_layer;

/* x[pixels][inputs] to y[pixels][outputs] */
#if !defined(BTW_INLINE_KERNELS)
void btw_linear_s8_scalar(const btw_linear_s8 *layer, const int8_t *x, int8_t *y, int pixels);
void btw_linear_s8_mve(const btw_linear_s8_mve_layer *layer, const int8_t *x, int8_t *y, int pixels);
#endif

#endif
