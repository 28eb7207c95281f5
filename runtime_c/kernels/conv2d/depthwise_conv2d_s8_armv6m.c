/* Depthwise convolution of any kernel size, int8, Armv6-M: as btw_depthwise_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs one output channel for each input channel. */
#include "btw_armv6m.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* scratch: pointers to the taps, an even number */
BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_s8_armv6m(const btw_packed_depthwise *layer, const void *const rows[],
                                                          int8_t *y, void *scratch)
{
    btw_armv6m_depthwise_rows(layer, rows, y, scratch);
    btw_unproved_depthwise(layer, rows, y);
}

#endif
