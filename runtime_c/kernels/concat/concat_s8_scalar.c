/* Concatenation, int8, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "concat_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_concat_s8_scalar(const btw_concat_s8 *layer, const void *const x[], int8_t *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++) {
        for (int i = 0; i < layer->count; i++) {
            const int size = layer->parts[i].size;
            const int8_t *part = (const int8_t *)x[i] + pixel * size;
            const int8_t *table = layer->parts[i].table;
            for (int c = 0; c < size; c++)
                y[c] = table ? table[part[c] + 128] : part[c];
            y += size;
        }
    }
}

#endif
