/* One image of several copied, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "image_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_image_u8_scalar(const btw_image_u8 *layer, const void *x, void *y)
{
    memcpy(y, (const uint8_t *)x + layer->first, (size_t)layer->bytes);
}

#endif
