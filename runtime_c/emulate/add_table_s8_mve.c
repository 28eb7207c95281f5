/* Addition by a table, int8: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_add_table_s8_mve(const btw_add_table_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                     int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++) {
        const int32_t v = a[i] * layer->a_multiplier + layer->table[b[i] + 128];
        y[i] = btw_clamp_s8((v + ((v >> layer->shift) & layer->half_even)) >> layer->shift);
    }
}

#endif
