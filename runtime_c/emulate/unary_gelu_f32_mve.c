/* Gelu, float32: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "unary_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_unary_gelu_f32_mve(const btw_unary_f32 *layer, const float *x, float *y, int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++)
        y[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.707106781f));
}

#endif
