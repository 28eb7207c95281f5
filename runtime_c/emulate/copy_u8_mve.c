/* Copy, any type: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "copy_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_copy_u8_mve(const btw_copy_u8 *layer, const void *x, void *y, int pixels)
{
    memcpy(y, x, (size_t)(pixels * layer->bytes));
}

#endif
