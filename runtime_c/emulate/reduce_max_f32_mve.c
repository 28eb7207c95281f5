/* The largest of neighbouring values, float32: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "reduce_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_reduce_max_f32_mve(const btw_reduce *layer, const float *x, float *y)
{
    const btw_walk *const kept = &layer->kept, *const reduced = &layer->reduced;
    const int inner = btw_inner_size(reduced), stride = btw_inner_stride(reduced);
    for (int k = 0; k < kept->count; k++) {
        const float *const from = x + btw_walked(kept, k);
        float found = from[0];
        for (int r = 0; r < reduced->count; r += inner) {
            const float *const row = from + btw_walked(reduced, r);
            for (int i = 0; i < inner; i++)
                found = row[i * stride] > found ? row[i * stride] : found;
        }
        y[k] = found;
    }
}

#endif
