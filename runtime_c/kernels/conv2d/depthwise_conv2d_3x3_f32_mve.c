/* Depthwise 3x3 convolution of stride 1 or 2, float32, Helium: 4 channels of 4 pixels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_depthwise_conv2d_f32_scalar but for rounding: products and sums are fused. Needs at least 4 channels, and
 * one output channel for each, and no dilation. */
#include "btw_f32_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FEATURE_MVE)

/* 4 channels of a column times the weights of columns 0, 1, 2 in q4, q5, q6; the last column of a row goes back. */
#define BTW_3X3_F32_MVE_COLUMN "vldrw.32 q7, [\\x]\n\tadd \\x, \\x, r5\n\t"
#define BTW_3X3_F32_MVE_LAST "vldrw.32 q7, [\\x]\n\tsub \\x, \\x, r12\n\t"
#define BTW_3X3_F32_MVE_SUM(sum, weights) "vfma.f32 " sum ", q7, " weights "\n\t"
#define BTW_3X3_F32_MVE_STRIDE_1                                                                                       \
    BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q0", "q4") BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q0", "q5")      \
        BTW_3X3_F32_MVE_SUM("q1", "q4") BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q0", "q6")                         \
            BTW_3X3_F32_MVE_SUM("q1", "q5") BTW_3X3_F32_MVE_SUM("q2", "q4")                                            \
                BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q1", "q6") BTW_3X3_F32_MVE_SUM("q2", "q5")                 \
                    BTW_3X3_F32_MVE_SUM("q3", "q4") BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q2", "q6")             \
                        BTW_3X3_F32_MVE_SUM("q3", "q5") BTW_3X3_F32_MVE_LAST BTW_3X3_F32_MVE_SUM("q3", "q6")
#define BTW_3X3_F32_MVE_STRIDE_2                                                                                       \
    BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q0", "q4") BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q0", "q5")      \
        BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q0", "q6") BTW_3X3_F32_MVE_SUM("q1", "q4")                         \
            BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q1", "q5")                                                     \
                BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q1", "q6") BTW_3X3_F32_MVE_SUM("q2", "q4")                 \
                    BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q2", "q5")                                             \
                        BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q2", "q6") BTW_3X3_F32_MVE_SUM("q3", "q4")         \
                            BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q3", "q5")                                     \
                                BTW_3X3_F32_MVE_LAST BTW_3X3_F32_MVE_SUM("q3", "q6")
#define BTW_3X3_F32_MVE_ONE                                                                                            \
    BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q0", "q4") BTW_3X3_F32_MVE_COLUMN BTW_3X3_F32_MVE_SUM("q0", "q5")      \
        BTW_3X3_F32_MVE_LAST BTW_3X3_F32_MVE_SUM("q0", "q6")

/* r0-r2 rows, r3 stream, r4 y, r5 bytes from a column to the next */
#define BTW_3X3_F32_MVE_LOOP(BIAS, ROW, STORE)                                                                         \
    BTW_F32_DEPTHWISE_ENTER "1:\n\t" BIAS ".irp x, r0, r1, r2\n\t"                                                     \
                            "vldrw.32 q4, [r3], #16\n\tvldrw.32 q5, [r3], #16\n\tvldrw.32 q6, [r3], #16\n\t" ROW       \
                            ".endr\n\t" STORE("", "add r0, r0, r7\n\tadd r1, r1, r7\n\tadd r2, r2, r7\n\t")
BTW_MVE_FUNCTION(btw_depthwise_conv2d_3x3_f32_mve_stride_1, btw_f32_depthwise_row,
                 BTW_3X3_F32_MVE_LOOP(BTW_F32_MVE_DEPTHWISE_FOUR_BIAS, BTW_3X3_F32_MVE_STRIDE_1,
                                      BTW_F32_MVE_DEPTHWISE_FOUR))
BTW_MVE_FUNCTION(btw_depthwise_conv2d_3x3_f32_mve_stride_2, btw_f32_depthwise_row,
                 BTW_3X3_F32_MVE_LOOP(BTW_F32_MVE_DEPTHWISE_FOUR_BIAS, BTW_3X3_F32_MVE_STRIDE_2,
                                      BTW_F32_MVE_DEPTHWISE_FOUR))
BTW_MVE_FUNCTION(btw_depthwise_conv2d_3x3_f32_mve_one, btw_f32_depthwise_row,
                 BTW_3X3_F32_MVE_LOOP("vldrw.32 q0, [r3], #16\n\t", BTW_3X3_F32_MVE_ONE, BTW_F32_MVE_DEPTHWISE_ONE))

BTW_KERNEL void btw_depthwise_conv2d_3x3_f32_mve(const btw_f32_depthwise *layer, const void *const rows[], float *y)
{
    if (layer->stride_width == 1)
        btw_f32_depthwise_3x3(layer, rows, y, btw_depthwise_conv2d_3x3_f32_mve_stride_1,
                              btw_depthwise_conv2d_3x3_f32_mve_one);
    else
        btw_f32_depthwise_3x3(layer, rows, y, btw_depthwise_conv2d_3x3_f32_mve_stride_2,
                              btw_depthwise_conv2d_3x3_f32_mve_one);
    btw_f32_clip(layer->low, layer->high, y, layer->channels, layer->channels, layer->output_width);
}

#endif
#endif
