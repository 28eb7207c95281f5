/* Addition, float32: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_add_f32_mve(const btw_add_f32 *layer, const float *a, const float *b, float *y, int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++) {
        const float sum = a[i] + b[i];
        y[i] = sum < layer->low ? layer->low : sum > layer->high ? layer->high : sum;
    }
}

#endif
