/* Pixels gathered, each from the input pixel at its place, any type, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "gather_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_gather_pixels_u8_scalar(const btw_gather_u8 *layer, const void *x, void *y, int pixels)
{
    const uint8_t *from = x;
    uint8_t *to = y;
    for (int pixel = 0; pixel < pixels; pixel++, from += layer->input_pixel)
        to = btw_gather_block(layer, (const void *const[]){from}, 0, to);
}

#endif
