/* 2-D convolution of groups, int8, Armv7E-M: one group after the other, equals btw_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_groups_s8_dsp(const btw_dsp_conv2d_groups *layer, const void *const rows[], int8_t *y,
                                         void *scratch)
{
    btw_dsp_groups_by(layer, rows, y, scratch, btw_dsp_windows);
}

#endif
