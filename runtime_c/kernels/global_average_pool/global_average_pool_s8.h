/* Mean over all pixels, int8. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_GLOBAL_AVERAGE_POOL_S8_H
#define BTW_GLOBAL_AVERAGE_POOL_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int channels;
    int pixels;
    int32_t bias; /* minus the input zero point, times pixels */
    btw_requantization requantization;
} btw_global_average_pool_s8;

/* x[pixels][channels] to y[channels] */

#if !defined(BTW_INLINE_KERNELS)
void btw_global_average_pool_s8_scalar(const btw_global_average_pool_s8 *layer, const int8_t *x, int8_t *y);
#endif

#endif
