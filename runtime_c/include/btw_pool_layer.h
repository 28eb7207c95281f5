/* The windows of a pool: what its layers say where nothing else is to be said. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_POOL_LAYER_H
#define BTW_POOL_LAYER_H

#include "btw.h"

typedef struct {
    int channels;
    int kernel_height;
    int kernel_width;
    int stride_width;
    int dilation_width;
    int pad_left;    /* pixels left of rows[ky] that do not count */
    int input_width; /* pixels from rows[ky] on that count */
    int output_width;
} btw_pool_layer;

#endif
