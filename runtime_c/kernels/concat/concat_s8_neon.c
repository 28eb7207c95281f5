/* Concatenation, int8, AArch64: parts with tables are looked up 16 codes at a time. The bits of concat_s8_scalar.c. */
/* SPDX-License-Identifier: MIT-0 */
#include "concat_s8.h"
#include "btw_look_up_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Pixels of up to 16 codes: 16 of them are whole vectors. */
BTW_NEON void btw_neon_concat_narrow(const int8_t *table, int size, const int8_t *x, int8_t *y, int step, int pixels)
{
    int8_t few[16 * 16];
    for (int left = pixels; left > 0; left -= 16, x += 16 * size) {
        const int count = left < 16 ? left : 16;
        btw_neon_look_up_all(table, x, few, count * size);
        for (int pixel = 0; pixel < count; pixel++, y += step)
            memcpy(y, few + pixel * size, (size_t)size);
    }
}

BTW_KERNEL BTW_FOLDED void btw_concat_s8_neon(const btw_concat_s8 *layer, const void *const x[], int8_t *y, int pixels)
{
    int step = 0;
    BTW_UNROLL for (int i = 0; i < layer->count; i++) step += layer->parts[i].size;
    BTW_UNROLL for (int i = 0; i < layer->count; i++)
    {
        const int size = layer->parts[i].size;
        const int8_t *const table = layer->parts[i].table, *part = x[i];
        int8_t *to = y;
        y += size;
        if (table && size <= 16) {
            btw_neon_concat_narrow(table, size, part, to, step, pixels);
            continue;
        }
        for (int pixel = 0; pixel < pixels; pixel++, part += size, to += step) {
            if (table)
                btw_neon_look_up_all(table, part, to, size);
            else
                memcpy(to, part, (size_t)size);
        }
    }
}

#endif
