/* 3x3 convolution with stride 1, int8, Armv7E-M, by Winograd's F(2x2, 3x3): equals btw_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp_winograd.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_winograd_s8_dsp(const btw_packed_conv2d *layer, const void *const rows[], int8_t *const y[],
                                           void *scratch)
{
    btw_winograd_rows(layer, rows, y, scratch);
    btw_unproved_conv2d(layer, rows, y[0]);
    btw_unproved_conv2d(layer, rows + 1, y[1]);
}

#endif
