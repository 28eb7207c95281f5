/* The scale of codes for the values of the moment, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "dynamic_quantize_linear_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_dynamic_quantize_linear_scale_f32_scalar(const btw_dynamic_quantize_linear_u8 *layer,
                                                             const float *x, float *y)
{
    float low;
    *y = btw_dynamic_range(x, layer->size, &low);
}

#endif
