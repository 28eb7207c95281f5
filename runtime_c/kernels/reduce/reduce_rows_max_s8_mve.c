/* The largest of all pixels of each channel, int8, Helium. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_reduce_rows_max_s8_scalar. */
#include "btw_reduce_mve.h"
#include "reduce_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_REDUCE_ROWS_MVE(btw_reduce_rows_max_s8_mve_row, ".8", "16", "vldrbt.8", "vstrbt.8", "vmax.s8 q0, q0, q1\n\t")

BTW_KERNEL void btw_reduce_rows_max_s8_mve(const btw_reduce_rows *layer, const int8_t *x, int8_t *y, int row)
{
    const int pixel = layer->channels * (int)sizeof *x;
    const btw_reduce_rows_mve frame = {x, y, pixel, layer->width, layer->channels};
    if (row == 0)
        memcpy(y, x, (size_t)pixel);
    btw_reduce_rows_max_s8_mve_row(&frame);
}

#endif
