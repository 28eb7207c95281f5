/* Softmax along any axis, int8, the plain C twin of the Helium kernel. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "softmax_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_softmax_axis_s8_mve(const btw_softmax_axis_s8 *layer, const int8_t *x, int8_t *y)
{
    const int inner = layer->inner, size = layer->size;
    for (int outer = 0; outer < layer->outer; outer++, x += size * inner, y += size * inner)
        for (int i = 0; i < inner; i++)
            btw_softmax_line(layer->exponentials, layer->levels, layer->zero_point, x + i, y + i, size, inner);
}

#endif
