/* Addition of a value a channel or a pixel, int8: the plain C twin of the assembler kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_add_broadcast_s8_armv7m(const btw_add_broadcast_linear_s8 *layer, const int8_t *a, const int8_t *b,
                                            int8_t *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++)
        for (int c = 0; c < layer->channels; c++, a++)
            *y++ = btw_clamp_s8((*a * layer->a_multiplier +
                                 b[pixel * layer->b_pixel + c * layer->b_channel] * layer->b_multiplier +
                                 layer->constant) >>
                                layer->shift);
}

#endif
