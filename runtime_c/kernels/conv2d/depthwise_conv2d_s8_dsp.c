/* Depthwise convolution of any kernel size, int8, Armv7E-M: 4 channels at a time, as the scalar kernel. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs at least 4 channels, and one output channel for each. Words are read from rows at any address. */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FEATURE_DSP)

static __attribute__((noinline)) void btw_depthwise_row(const btw_dsp_depthwise_frame *frame)
{
    register const btw_dsp_depthwise_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_DSP_DEPTHWISE(BTW_DSP_DEPTHWISE_CODES) : "+r"(r0) : : BTW_DSP_CLOBBERS);
}

/* scratch: pointers to the taps, an even number */
BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_s8_dsp(const btw_packed_depthwise *layer, const void *const rows[],
                                                       int8_t *y, void *scratch)
{
    btw_dsp_depthwise_by(layer, rows, y, scratch, btw_depthwise_row);
    btw_unproved_depthwise(layer, rows, y);
}

#endif
#endif
