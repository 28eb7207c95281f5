/* A table of 256 codes, Armv7-M: 4 codes a turn, equals btw_table_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_table_armv7m.h"
#include "table_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_table_s8_armv7m(const btw_table_s8 *layer, const int8_t *x, int8_t *y, int pixels)
{
    btw_look_up_s8(layer->table, x, y, pixels * layer->channels);
}

#endif
