/* Depthwise convolution, int8: the plain C twin of the assembler kernel, reading the same packed layer. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_s8_dsp(const btw_packed_depthwise *layer, const void *const rows[],
                                                       int8_t *y, void *scratch)
{
    (void)scratch;
    btw_dsp_depthwise_by(layer, rows, y, btw_dsp_proved);
    btw_unproved_depthwise(layer, rows, y);
}

#endif
