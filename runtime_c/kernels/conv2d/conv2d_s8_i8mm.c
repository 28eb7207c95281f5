/* 2-D convolution, int8, SMMLA: the bits of conv2d_s8_scalar.c. Needs Armv8.6-A. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_s8_i8mm.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_conv2d_s8_i8mm(const btw_conv2d_s8_neon_layer *layer, const void *const rows[],
                                              int8_t *y)
{
    btw_i8mm_products(&layer->products, rows, y, layer->output_width);
}

#endif
