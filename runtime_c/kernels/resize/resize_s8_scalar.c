/* One row of resizing by weights, int8 as onnxruntime computes it: in float32 between the codes. Any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "resize_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_resize_s8_scalar(const btw_resize_s8 *layer, const void *const rows[], int8_t *y, int oy)
{
    for (int ox = 0; ox < layer->output_width; ox++)
        for (int c = 0; c < layer->channels; c++)
            *y++ = btw_resize_float_code(layer, rows, oy, ox, c);
}

#endif
