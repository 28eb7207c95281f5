/* Addition of operands that broadcast, int8: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_add_broadcast_s8_mve(const btw_add_broadcast_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                         int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, a += layer->a_pixel, b += layer->b_pixel) {
        for (int c = 0; c < layer->channels; c++) {
            const int32_t addend = layer->table[b[c * layer->b_channel] + 128];
            const int32_t v = a[c * layer->a_channel] * layer->a_multiplier + addend;
            *y++ = btw_clamp_s8((v + ((v >> layer->shift) & layer->half_even)) >> layer->shift);
        }
    }
}

#endif
