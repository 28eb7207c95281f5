/* 2-D convolution, float32, Helium: 4 channels of 4 pixels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_conv2d_f32_scalar but for rounding: products and sums are fused. */
#include "btw_f32_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_f32_mve(const btw_f32_conv2d *layer, const void *const rows[], float *y, void *scratch)
{
    btw_f32_conv2d_row(layer, rows, y, scratch, btw_f32_mve_four, btw_f32_mve_one);
}

#endif
