/* Fully connected layer or 1x1 convolution, float32, NEON: linear_f32_scalar.c within the tolerance of float layers. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_f32_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_linear_f32_neon(const btw_sums_f32_neon_layer *layer, const float *x, float *y,
                                               int pixels)
{
    const void *const rows[1] = {x};
    btw_sums_row(layer, rows, y, pixels);
}

#endif
