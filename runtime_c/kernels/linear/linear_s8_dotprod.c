/* Fully connected layer, int8, SDOT: the bits of linear_s8_scalar.c. Needs Armv8.2-A with dot products. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_s8_dotprod.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_linear_s8_dotprod(const btw_products_s8_neon *layer, const int8_t *x, int8_t *y,
                                                 int pixels)
{
    const void *const rows[] = {x};
    btw_dotprod_products(layer, rows, y, pixels);
}

#endif
