/* One output row gathered from one input row, or from some in turn, any type, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "gather_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_gather_rows_u8_scalar(const btw_gather_u8 *layer, const void *const rows[], void *y, int oy)
{
    btw_gather_block(layer, rows, layer->shifts ? layer->shifts[oy] : 0, y);
}

#endif
