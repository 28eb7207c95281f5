/* Fully connected layer and 1x1 convolution, float32, Helium: 4 channels of 4 pixels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_linear_f32_scalar but for rounding: products and sums are fused. */
#include "btw_f32_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_linear_f32_mve(const btw_f32_taps *layer, const float *x, float *y, int pixels, void *scratch)
{
    btw_f32_linear(layer, x, y, pixels, scratch, btw_f32_mve_four, btw_f32_mve_one);
}

#endif
