/* Depthwise convolution of any kernel size, int8, Armv7-M: 4 channels at a time, as btw_depthwise_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs at least 4 channels, and one output channel for each. Words are read from rows at any address. */
#include "btw_armv7m.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* scratch: pointers to the taps */
BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_s8_armv7m(const btw_packed_depthwise *layer, const void *const rows[],
                                                          int8_t *y, void *scratch)
{
    btw_armv7m_depthwise_rows(layer, rows, y, scratch);
    btw_unproved_depthwise(layer, rows, y);
}

#endif
