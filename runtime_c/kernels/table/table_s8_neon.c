/* Table look-up, int8, AArch64: the bits of table_s8_scalar.c. */
/* SPDX-License-Identifier: MIT-0 */
#include "table_s8.h"
#include "btw_look_up_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_table_s8_neon(const btw_table_s8 *layer, const int8_t *x, int8_t *y, int pixels)
{
    btw_neon_look_up_all(layer->table, x, y, pixels * layer->channels);
}

#endif
