/* The highest bit of every byte turned over, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "recentre_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_recentre_u8_scalar(const btw_recentre_u8 *layer, const void *x, void *y, int pixels)
{
    const uint8_t *const from = x;
    uint8_t *const to = y;
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++)
        to[i] = from[i] ^ 0x80;
}

#endif
