/* ArgMax and ArgMin, float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "arg_extreme_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_arg_extreme_f32_scalar(const btw_arg_extreme_f32 *layer, const float *x, int64_t *y)
{
    for (int k = 0; k < layer->kept.count; k++) {
        const float *const from = x + btw_walked(&layer->kept, k);
        int best = 0;
        for (int i = 1; i < layer->size; i++) {
            const float value = from[i * layer->stride], known = from[best * layer->stride];
            const int better = layer->smallest ? value < known : value > known;
            if (better || (layer->last && !(layer->smallest ? value > known : value < known)))
                best = i;
        }
        y[k] = best;
    }
}

#endif
