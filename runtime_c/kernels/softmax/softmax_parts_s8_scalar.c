/* Softmax over the last axis, int8, any processor without an FPU: in integers where these are exact. Needs
 * -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "softmax_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_softmax_parts_s8_scalar(const btw_softmax_s8 *layer, const int8_t *x, int8_t *y, int pixels,
                                            void *scratch)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += layer->channels, y += layer->channels)
        btw_softmax_line_parts(&layer->parts, layer->exponentials, layer->levels, layer->zero_point, x, y,
                               layer->channels, 1, scratch);
}

#endif
