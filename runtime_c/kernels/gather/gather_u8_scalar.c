/* A whole tensor gathered, any type, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "gather_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_gather_u8_scalar(const btw_gather_u8 *layer, const void *x, void *y)
{
    btw_gather_block(layer, &x, 0, y);
}

#endif
