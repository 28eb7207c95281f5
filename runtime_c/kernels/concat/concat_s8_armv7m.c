/* Concatenation, int8, Armv7-M: codes that stay are moved by words, equals btw_concat_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs loads and stores of words at any address. */
#include "btw_move_codes.h"
#include "btw_table_armv7m.h"
#include "concat_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_concat_s8_armv7m(const btw_concat_s8 *layer, const void *const x[], int8_t *y, int pixels)
{
    int total = 0;
    for (int i = 0; i < layer->count; i++)
        total += layer->parts[i].size;
    for (int i = 0; i < layer->count; i++) {
        const int size = layer->parts[i].size;
        const int8_t *const table = layer->parts[i].table;
        const int8_t *part = x[i];
        if (!table)
            btw_move_codes(part, y, size, total, pixels);
        int8_t *to = y;
        for (int pixel = 0; table && pixel < pixels; pixel++, part += size, to += total)
            btw_look_up_s8(table, part, to, size);
        y += size;
    }
}

#endif
