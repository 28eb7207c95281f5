/* The largest of all pixels of each channel, float32: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "reduce_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_reduce_rows_max_f32_mve(const btw_reduce_rows *layer, const float *x, float *y, int row)
{
    if (row == 0)
        memcpy(y, x, (size_t)layer->channels * sizeof *y);
    for (int ix = 0; ix < layer->width; ix++, x += layer->channels)
        for (int c = 0; c < layer->channels; c++)
            y[c] = x[c] > y[c] ? x[c] : y[c];
}

#endif
