/* Softmax over the last axis, int8, the plain C twin of the Helium kernel. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "softmax_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_softmax_s8_mve(const btw_softmax_s8 *layer, const int8_t *x, int8_t *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += layer->channels, y += layer->channels)
        btw_softmax_line(layer->exponentials, layer->levels, layer->zero_point, x, y, layer->channels, 1);
}

#endif
