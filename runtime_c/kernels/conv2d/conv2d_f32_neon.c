/* 2-D convolution of one or more groups, float32, NEON: conv2d_f32_scalar.c within the tolerance of float layers. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_f32_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_conv2d_f32_neon(const btw_sums_f32_neon_layer *layer, const void *const rows[], float *y)
{
    btw_sums_row(layer, rows, y, layer->output_width);
}

#endif
