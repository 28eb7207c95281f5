/* Depthwise convolution, int8: the plain C twin of the assembler kernel for any scales, reading the same packed layer.
 */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_depthwise_conv2d_s8_dsp_float(const btw_packed_depthwise *layer, const void *const rows[],
                                                  int8_t *y, void *scratch)
{
    (void)scratch;
    btw_dsp_depthwise_by(layer, rows, y, btw_dsp_by_scale);
}

#endif
