/* QuantizeLinear, int8: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "quantize_linear_s8.h"
#include <math.h>

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_quantize_linear_s8_mve(const btw_quantize_linear_s8_by_reciprocal *layer, const float *x, int8_t *y,
                                           int pixels)
{
    for (int i = 0; i < pixels * layer->channels; i++) {
        const float given = x[i] > layer->low ? x[i] < layer->high ? x[i] : layer->high : layer->low;
        const float about = given * layer->reciprocal, rest = fmaf(about, -layer->scale, given);
        y[i] = btw_clamp_s8((int32_t)btw_round_half_even(fmaf(rest, layer->reciprocal, about)) + layer->zero_point);
    }
}

#endif
