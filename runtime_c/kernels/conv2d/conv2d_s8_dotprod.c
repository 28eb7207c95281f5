/* 2-D convolution, int8, SDOT: the bits of conv2d_s8_scalar.c. Needs Armv8.2-A with dot products. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_s8_dotprod.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_conv2d_s8_dotprod(const btw_conv2d_s8_neon_layer *layer, const void *const rows[],
                                                 int8_t *y)
{
    btw_dotprod_products(&layer->products, rows, y, layer->output_width);
}

#endif
