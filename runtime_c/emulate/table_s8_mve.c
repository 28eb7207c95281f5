/* Table look-up, int8: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "table_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_table_s8_mve(const btw_table_s8 *layer, const int8_t *x, int8_t *y, int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++)
        y[i] = layer->table[x[i] + 128];
}

#endif
