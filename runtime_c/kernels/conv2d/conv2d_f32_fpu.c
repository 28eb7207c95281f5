/* 2-D convolution, float32, Cortex-M with FPU: 4 channels of 4 pixels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_conv2d_f32_scalar but for rounding: products and sums are fused. */
#include "btw_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_f32_fpu(const btw_f32_conv2d *layer, const void *const rows[], float *y, void *scratch)
{
    btw_f32_conv2d_row(layer, rows, y, scratch, btw_f32_four, btw_f32_one);
}

#endif
