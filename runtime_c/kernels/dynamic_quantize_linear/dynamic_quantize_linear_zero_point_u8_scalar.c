/* The zero point of codes for the values of the moment, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "dynamic_quantize_linear_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_dynamic_quantize_linear_zero_point_u8_scalar(const btw_dynamic_quantize_linear_u8 *layer,
                                                                 const float *x, uint8_t *y)
{
    float low;
    const float scale = btw_dynamic_range(x, layer->size, &low);
    const float code = 0.0f - low / scale;
    *y = (uint8_t)btw_round_half_even(code > 0.0f ? (code < 255.0f ? code : 255.0f) : 0.0f);
}

#endif
