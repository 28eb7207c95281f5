/* Average pooling, int8 as onnxruntime computes it: a float32 sum in row order, any processor. Needs -ffp-contract=off.
 */
/* SPDX-License-Identifier: MIT-0 */
#include "average_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_average_pool_s8_scalar(const btw_average_pool_s8 *layer, const void *const rows[], int8_t *y)
{
    for (int ox = 0; ox < layer->output_width; ox++) {
        const btw_average_pool_columns columns = btw_average_pool_columns_of(layer, ox);
        for (int c = 0; c < layer->channels; c++)
            *y++ = btw_average_pool_float_code(layer, rows, columns, c);
    }
}

#endif
