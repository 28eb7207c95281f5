/* Softmax along any axis, int8, any processor without an FPU: in integers where these are exact. Needs
 * -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "softmax_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_softmax_axis_parts_s8_scalar(const btw_softmax_axis_s8 *layer, const int8_t *x, int8_t *y,
                                                 void *scratch)
{
    const int inner = layer->inner, size = layer->size;
    for (int outer = 0; outer < layer->outer; outer++, x += size * inner, y += size * inner)
        for (int i = 0; i < inner; i++)
            btw_softmax_line_parts(&layer->parts, layer->exponentials, layer->levels, layer->zero_point, x + i, y + i,
                                   size, inner, scratch);
}

#endif
