/* 2-D convolution of groups, int8, Armv7E-M with FPU: btw_conv2d_groups_s8_dsp for any scales. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_groups_s8_dsp_float(const btw_dsp_conv2d_groups *layer, const void *const rows[], int8_t *y,
                                               void *scratch)
{
    btw_dsp_groups_by(layer, rows, y, scratch, btw_dsp_windows_float);
}

#endif
