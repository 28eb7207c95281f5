/* 3x3 convolution with stride 1, int8, Armv7E-M with FPU: btw_conv2d_winograd_s8_dsp for any scales. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp_winograd.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_winograd_s8_dsp_float(const btw_packed_conv2d *layer, const void *const rows[],
                                                 int8_t *const y[], void *scratch)
{
    btw_winograd_rows_float(layer, rows, y, scratch);
}

#endif
