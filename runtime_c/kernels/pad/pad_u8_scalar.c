/* Pad, any type, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "pad_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_pad_u8_scalar(const btw_pad_u8 *layer, const void *const rows[], void *y)
{
    memcpy(y, rows[0], (size_t)layer->bytes);
}

#endif
