/* Concatenation, float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "concat_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_concat_f32_scalar(const btw_concat_f32 *layer, const void *const x[], float *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++) {
        for (int i = 0; i < layer->count; i++) {
            const int size = layer->parts[i].size;
            const float *part = (const float *)x[i] + pixel * size;
            memcpy(y, part, (size_t)size * sizeof(float));
            y += size;
        }
    }
}

#endif
