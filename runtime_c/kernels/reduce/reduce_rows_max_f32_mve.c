/* The largest of all pixels of each channel, float32, Helium. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_reduce_rows_max_f32_scalar but for NaNs. */
#include "btw_reduce_mve.h"
#include "reduce_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_REDUCE_ROWS_MVE(btw_reduce_rows_max_f32_mve_row, ".32", "4", "vldrwt.32", "vstrwt.32", "vmaxnm.f32 q0, q0, q1\n\t")

BTW_KERNEL void btw_reduce_rows_max_f32_mve(const btw_reduce_rows *layer, const float *x, float *y, int row)
{
    const int pixel = layer->channels * (int)sizeof *x;
    const btw_reduce_rows_mve frame = {x, y, pixel, layer->width, layer->channels};
    if (row == 0)
        memcpy(y, x, (size_t)pixel);
    btw_reduce_rows_max_f32_mve_row(&frame);
}

#endif
