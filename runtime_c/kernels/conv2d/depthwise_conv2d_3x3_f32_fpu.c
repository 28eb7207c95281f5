/* Depthwise 3x3 convolution of stride 1 or 2, float32, Cortex-M with FPU: 4 channels of 4 pixels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_depthwise_conv2d_f32_scalar but for rounding: products and sums are fused. Needs at least 4 channels, and
 * one output channel for each, and no dilation. */
#include "btw_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FP) && defined(__thumb2__)

/* 4 channels of a column; the last one of a row goes back to the first column, behind them. */
#define BTW_3X3_COLUMN(x) "vldmia " x ", {s28-s31}\n\tadd " x ", " x ", r5\n\t"
#define BTW_3X3_LAST(x) "vldmia " x ", {s28-s31}\n\tsub " x ", " x ", r12\n\t"
/* A column times the weights of column 0, 1 or 2 of the kernel, to the sums of pixel 0, 1, 2 or 3. */
#define BTW_3X3_SUMS(...) BTW_F32_4_PRODUCTS(__VA_ARGS__)
#define BTW_3X3_PIXEL_0 "s0", "s1", "s2", "s3", "s28", "s29", "s30", "s31"
#define BTW_3X3_PIXEL_1 "s4", "s5", "s6", "s7", "s28", "s29", "s30", "s31"
#define BTW_3X3_PIXEL_2 "s8", "s9", "s10", "s11", "s28", "s29", "s30", "s31"
#define BTW_3X3_PIXEL_3 "s12", "s13", "s14", "s15", "s28", "s29", "s30", "s31"
#define BTW_3X3_0 "s16", "s17", "s18", "s19"
#define BTW_3X3_1 "s20", "s21", "s22", "s23"
#define BTW_3X3_2 "s24", "s25", "s26", "s27"
#define BTW_3X3_WEIGHTS "vldmia r3!, {s16-s27}\n\t"

#define BTW_3X3_STRIDE_1(x)                                                                                            \
    BTW_3X3_WEIGHTS BTW_3X3_COLUMN(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_0, BTW_3X3_0) BTW_3X3_COLUMN(x)                       \
        BTW_3X3_SUMS(BTW_3X3_PIXEL_0, BTW_3X3_1) BTW_3X3_SUMS(BTW_3X3_PIXEL_1, BTW_3X3_0) BTW_3X3_COLUMN(x)            \
            BTW_3X3_SUMS(BTW_3X3_PIXEL_0, BTW_3X3_2) BTW_3X3_SUMS(BTW_3X3_PIXEL_1, BTW_3X3_1)                          \
                BTW_3X3_SUMS(BTW_3X3_PIXEL_2, BTW_3X3_0) BTW_3X3_COLUMN(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_1, BTW_3X3_2)    \
                    BTW_3X3_SUMS(BTW_3X3_PIXEL_2, BTW_3X3_1) BTW_3X3_SUMS(BTW_3X3_PIXEL_3, BTW_3X3_0)                  \
                        BTW_3X3_COLUMN(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_2, BTW_3X3_2)                                     \
                            BTW_3X3_SUMS(BTW_3X3_PIXEL_3, BTW_3X3_1) BTW_3X3_LAST(x)                                   \
                                BTW_3X3_SUMS(BTW_3X3_PIXEL_3, BTW_3X3_2)
#define BTW_3X3_STRIDE_2(x)                                                                                            \
    BTW_3X3_WEIGHTS BTW_3X3_COLUMN(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_0, BTW_3X3_0) BTW_3X3_COLUMN(x)                       \
        BTW_3X3_SUMS(BTW_3X3_PIXEL_0, BTW_3X3_1) BTW_3X3_COLUMN(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_0, BTW_3X3_2)            \
            BTW_3X3_SUMS(BTW_3X3_PIXEL_1, BTW_3X3_0) BTW_3X3_COLUMN(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_1, BTW_3X3_1)        \
                BTW_3X3_COLUMN(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_1, BTW_3X3_2) BTW_3X3_SUMS(BTW_3X3_PIXEL_2, BTW_3X3_0)    \
                    BTW_3X3_COLUMN(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_2, BTW_3X3_1) BTW_3X3_COLUMN(x)                       \
                        BTW_3X3_SUMS(BTW_3X3_PIXEL_2, BTW_3X3_2) BTW_3X3_SUMS(BTW_3X3_PIXEL_3, BTW_3X3_0)              \
                            BTW_3X3_COLUMN(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_3, BTW_3X3_1) BTW_3X3_LAST(x)                 \
                                BTW_3X3_SUMS(BTW_3X3_PIXEL_3, BTW_3X3_2)
#define BTW_3X3_ONE(x)                                                                                                 \
    BTW_3X3_WEIGHTS BTW_3X3_COLUMN(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_0, BTW_3X3_0) BTW_3X3_COLUMN(x)                       \
        BTW_3X3_SUMS(BTW_3X3_PIXEL_0, BTW_3X3_1) BTW_3X3_LAST(x) BTW_3X3_SUMS(BTW_3X3_PIXEL_0, BTW_3X3_2)

/* r0-r2 rows, r3 stream, r4 y, r5 bytes from a column to the next */
#define BTW_3X3_LOOP(name, BIAS, ROW, STORE)                                                                           \
    static __attribute__((noinline)) void name(const btw_f32_depthwise_row *row)                                       \
    {                                                                                                                  \
        register const btw_f32_depthwise_row *r0 __asm("r0") = row;                                                    \
        __asm volatile(BTW_F32_DEPTHWISE_ENTER "1:\n\t" BIAS ".irp x, r0, r1, r2\n\t" ROW("\\x") ".endr\n\t" STORE(    \
                           "", "add r0, r0, r7\n\tadd r1, r1, r7\n\tadd r2, r2, r7\n\t")                               \
                       : "+r"(r0)                                                                                      \
                       :                                                                                               \
                       : BTW_F32_CLOBBERS);                                                                            \
    }

BTW_3X3_LOOP(btw_depthwise_conv2d_3x3_f32_stride_1, BTW_F32_DEPTHWISE_FOUR_BIAS, BTW_3X3_STRIDE_1,
             BTW_F32_DEPTHWISE_FOUR)
BTW_3X3_LOOP(btw_depthwise_conv2d_3x3_f32_stride_2, BTW_F32_DEPTHWISE_FOUR_BIAS, BTW_3X3_STRIDE_2,
             BTW_F32_DEPTHWISE_FOUR)
BTW_3X3_LOOP(btw_depthwise_conv2d_3x3_f32_one, "vldmia r3!, {s0-s3}\n\t", BTW_3X3_ONE, BTW_F32_DEPTHWISE_ONE)

BTW_KERNEL void btw_depthwise_conv2d_3x3_f32_fpu(const btw_f32_depthwise *layer, const void *const rows[], float *y)
{
    if (layer->stride_width == 1)
        btw_f32_depthwise_3x3(layer, rows, y, btw_depthwise_conv2d_3x3_f32_stride_1, btw_depthwise_conv2d_3x3_f32_one);
    else
        btw_f32_depthwise_3x3(layer, rows, y, btw_depthwise_conv2d_3x3_f32_stride_2, btw_depthwise_conv2d_3x3_f32_one);
    btw_f32_clip(layer->low, layer->high, y, layer->channels, layer->channels, layer->output_width);
}

#endif
#endif
