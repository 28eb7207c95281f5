/* Depthwise convolution of any kernel size, float32, Cortex-M with FPU: 4 channels of 4 pixels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_depthwise_conv2d_f32_scalar but for rounding: products and sums are fused. Needs at least 4 channels, and
 * one output channel for each. */
#include "btw_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FP) && defined(__thumb2__)

/* 4 values of a pixel in `first` to `last`; r6 goes on to the next pixel. */
#define BTW_DEPTHWISE_F32_TAP(first, last) "vldmia r6, {" first "-" last "}\n\tadd r6, r6, r5\n\t"

/* r0 position, r1 taps, r2 their end, r3 stream, r4 y, r5 bytes from a pixel to the next */
static __attribute__((noinline)) void btw_depthwise_conv2d_f32_four(const btw_f32_depthwise_row *row)
{
    register const btw_f32_depthwise_row *r0 __asm("r0") = row;
    __asm volatile(
        BTW_F32_DEPTHWISE_ENTER
        "1:\n\t" BTW_F32_DEPTHWISE_FOUR_BIAS
        "2:\n\tldr r6, [r1], #4\n\tvldmia r3!, {s16-s19}\n\tadd r6, r6, r0\n\t" BTW_DEPTHWISE_F32_TAP("s20", "s23")
            BTW_F32_4_PRODUCTS("s0", "s1", "s2", "s3", "s20", "s21", "s22", "s23", "s16", "s17", "s18", "s19")
                BTW_DEPTHWISE_F32_TAP("s24", "s27") BTW_F32_4_PRODUCTS("s4", "s5", "s6", "s7", "s24", "s25", "s26",
                                                                       "s27", "s16", "s17", "s18", "s19")
                    BTW_DEPTHWISE_F32_TAP("s20", "s23") BTW_F32_4_PRODUCTS(
                        "s8", "s9", "s10", "s11", "s20", "s21", "s22", "s23", "s16", "s17", "s18",
                        "s19") "vldmia r6, {s24-s27}\n\t" BTW_F32_4_PRODUCTS("s12", "s13", "s14", "s15", "s24", "s25",
                                                                             "s26", "s27", "s16", "s17", "s18",
                                                                             "s19") "cmp r1, r2\n\tbne "
                                                                                    "2b\n\t" BTW_F32_DEPTHWISE_FOUR(
                                                                                        "add r0, "
                                                                                        "r0, "
                                                                                        "#16\n\tmov"
                                                                                        " r1, "
                                                                                        "r12\n\t",
                                                                                        "add r0, "
                                                                                        "r0, "
                                                                                        "r7\n\t")
        : "+r"(r0)
        :
        : BTW_F32_CLOBBERS);
}

static __attribute__((noinline)) void btw_depthwise_conv2d_f32_one(const btw_f32_depthwise_row *row)
{
    register const btw_f32_depthwise_row *r0 __asm("r0") = row;
    __asm volatile(BTW_F32_DEPTHWISE_ENTER
                   "1:\n\tvldmia r3!, {s0-s3}\n"
                   "2:\n\tldr r6, [r1], #4\n\tvldmia r3!, {s16-s19}\n\tadd r6, r6, r0\n\tvldmia r6, "
                   "{s20-s23}\n\t" BTW_F32_4_PRODUCTS(
                       "s0", "s1", "s2", "s3", "s20", "s21", "s22", "s23", "s16", "s17", "s18",
                       "s19") "cmp r1, r2\n\tbne 2b\n\t" BTW_F32_DEPTHWISE_ONE("add r0, r0, #16\n\tmov r1, r12\n\t",
                                                                               "add r0, r0, r7\n\t")
                   : "+r"(r0)
                   :
                   : BTW_F32_CLOBBERS);
}

/* scratch: a pointer for each tap */
BTW_KERNEL void btw_depthwise_conv2d_f32_fpu(const btw_f32_depthwise *layer, const void *const rows[], float *y,
                                             void *scratch)
{
    btw_f32_depthwise_taps(layer, rows, y, scratch, btw_depthwise_conv2d_f32_four, btw_depthwise_conv2d_f32_one);
    btw_f32_clip(layer->low, layer->high, y, layer->channels, layer->channels, layer->output_width);
}

#endif
#endif
