/* Depthwise convolution, int8, Armv7E-M with FPU: btw_depthwise_conv2d_s8_dsp for any scales. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs at least 4 channels, and one output channel for each. Words are read from rows at any address. */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FEATURE_DSP)

static __attribute__((noinline)) void btw_depthwise_row_float(const btw_dsp_depthwise_frame *frame)
{
    register const btw_dsp_depthwise_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_DSP_DEPTHWISE(BTW_DSP_DEPTHWISE_FLOAT_CODES)
                   : "+r"(r0)
                   :
                   : BTW_DSP_CLOBBERS, "s0", "s1", "s2", "s3", "s4", "s5");
}

/* scratch: pointers to the taps, an even number */
BTW_KERNEL void btw_depthwise_conv2d_s8_dsp_float(const btw_packed_depthwise *layer, const void *const rows[],
                                                  int8_t *y, void *scratch)
{
    btw_dsp_depthwise_by(layer, rows, y, scratch, btw_depthwise_row_float);
}

#endif
#endif
