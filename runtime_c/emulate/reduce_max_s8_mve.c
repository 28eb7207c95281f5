/* The largest of neighbouring values, int8: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "reduce_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_reduce_max_s8_mve(const btw_reduce *layer, const int8_t *x, int8_t *y)
{
    const btw_walk *const kept = &layer->kept, *const reduced = &layer->reduced;
    const int inner = btw_inner_size(reduced), stride = btw_inner_stride(reduced);
    for (int k = 0; k < kept->count; k++) {
        const int8_t *const from = x + btw_walked(kept, k);
        int8_t found = from[0];
        for (int r = 0; r < reduced->count; r += inner) {
            const int8_t *const row = from + btw_walked(reduced, r);
            for (int i = 0; i < inner; i++)
                found = row[i * stride] > found ? row[i * stride] : found;
        }
        y[k] = found;
    }
}

#endif
