/* Concatenation, int8, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "concat_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* one part of all pixels after the other, so that what a part needs stays in registers */
BTW_KERNEL void btw_concat_s8_scalar(const btw_concat_s8 *layer, const void *const x[], int8_t *y, int pixels)
{
    int total = 0;
    for (int i = 0; i < layer->count; i++)
        total += layer->parts[i].size;
    for (int i = 0; i < layer->count; i++) {
        const int size = layer->parts[i].size;
        const int8_t *const table = layer->parts[i].table;
        const int8_t *part = x[i];
        int8_t *to = y;
        for (int pixel = 0; pixel < pixels; pixel++, part += size, to += total) {
            for (int c = 0; c < size; c++)
                to[c] = table ? table[part[c] + 128] : part[c];
        }
        y += size;
    }
}

#endif
