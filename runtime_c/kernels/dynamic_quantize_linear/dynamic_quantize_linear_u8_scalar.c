/* uint8 codes by a scale and zero point of the moment, any processor. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "dynamic_quantize_linear_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_dynamic_quantize_linear_u8_scalar(const btw_dynamic_quantize_linear_u8 *layer, const float *x,
                                                      const float *scale, const uint8_t *zero_point, uint8_t *y)
{
    for (int i = 0; i < layer->size; i++) {
        const float code = btw_round_half_even(x[i] / *scale) + (float)*zero_point;
        y[i] = (uint8_t)(code > 0.0f ? (code < 255.0f ? code : 255.0f) : 0.0f); /* 0 for what is no number */
    }
}

#endif
