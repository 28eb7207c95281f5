/* Concatenation, float32: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_concat_f32_mve(const btw_concat_mve_layer *layer, const void *const x[], float *y, int pixels)
{
    int8_t *to = (int8_t *)y;
    for (int i = 0; i < layer->count; i++) {
        const btw_concat_part_mve *const part = &layer->parts[i];
        for (int at = 0; at < pixels * part->size; at++) {
            const int pixel = at / part->size, code = ((const int8_t *)x[i])[at];
            to[pixel * layer->size + at % part->size] = (int8_t)(part->table ? part->table[code + 128] : code);
        }
        to += part->size;
    }
}

#endif
