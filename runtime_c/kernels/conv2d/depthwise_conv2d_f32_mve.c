/* Depthwise convolution of any kernel size, float32, Helium: 4 channels of 4 pixels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_depthwise_conv2d_f32_scalar but for rounding: products and sums are fused. Needs at least 4 channels, and
 * one output channel for each. */
#include "btw_f32_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FEATURE_MVE)

/* 4 channels of a pixel; r6 goes on to the next pixel. */
#define BTW_DEPTHWISE_F32_MVE_TAP(sum) "vldrw.32 q5, [r6]\n\tadd r6, r6, r5\n\tvfma.f32 " sum ", q5, q4\n\t"

/* r0 position, r1 taps, r2 their end, r3 stream, r4 y, r5 bytes from a pixel to the next */
#define BTW_DEPTHWISE_F32_MVE_LOOP(BIAS, TAPS, STORE)                                                                  \
    BTW_F32_DEPTHWISE_ENTER                                                                                            \
    "1:\n\t" BIAS "2:\n\tldr r6, [r1], #4\n\tvldrw.32 q4, [r3], #16\n\tadd r6, r6, r0\n\t" TAPS                        \
    "cmp r1, r2\n\tbne 2b\n\t" STORE("add r0, r0, #16\n\tmov r1, r12\n\t", "add r0, r0, r7\n\t")
BTW_MVE_FUNCTION(
    btw_depthwise_conv2d_f32_mve_four, btw_f32_depthwise_row,
    BTW_DEPTHWISE_F32_MVE_LOOP(BTW_F32_MVE_DEPTHWISE_FOUR_BIAS,
                               BTW_DEPTHWISE_F32_MVE_TAP("q0") BTW_DEPTHWISE_F32_MVE_TAP("q1")
                                   BTW_DEPTHWISE_F32_MVE_TAP("q2") "vldrw.32 q5, [r6]\n\tvfma.f32 q3, q5, q4\n\t",
                               BTW_F32_MVE_DEPTHWISE_FOUR))
BTW_MVE_FUNCTION(btw_depthwise_conv2d_f32_mve_one, btw_f32_depthwise_row,
                 BTW_DEPTHWISE_F32_MVE_LOOP("vldrw.32 q0, [r3], #16\n\t",
                                            "vldrw.32 q5, [r6]\n\tvfma.f32 q0, q5, q4\n\t", BTW_F32_MVE_DEPTHWISE_ONE))

/* scratch: a pointer for each tap */
BTW_KERNEL void btw_depthwise_conv2d_f32_mve(const btw_f32_depthwise *layer, const void *const rows[], float *y,
                                             void *scratch)
{
    btw_f32_depthwise_taps(layer, rows, y, scratch, btw_depthwise_conv2d_f32_mve_four,
                           btw_depthwise_conv2d_f32_mve_one);
    btw_f32_clip(layer->low, layer->high, y, layer->channels, layer->channels, layer->output_width);
}

#endif
#endif
