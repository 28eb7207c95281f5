/* Addition, int8: the plain C twin of the assembler kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_add_s8_armv7m(const btw_add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++)
        y[i] =
            btw_clamp_s8((a[i] * layer->a_multiplier + b[i] * layer->b_multiplier + layer->constant) >> layer->shift);
}

#endif
