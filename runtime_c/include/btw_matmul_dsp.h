/* Products of two int8 matrices on Armv7E-M: the loops over blocks of 2 rows and 4 columns. Comes behind matmul_s8.h.
 */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MATMUL_DSP_H
#define BTW_MATMUL_DSP_H

#include "btw_dsp.h"
#include "btw_matmul.h"

#if defined(__ARM_FEATURE_DSP)

#define BTW_MATMUL_FIRST                                                                                               \
    "ldrd r10, r11, [r0], #8\n\tldrd r12, lr, [r1], #8\n\t"                                                            \
    "smuad r2, r10, r12\n\tsmuad r6, r11, r12\n\tsmuad r3, r10, lr\n\tsmuad r7, r11, lr\n\t"                           \
    "ldrd r12, lr, [r1], #8\n\t"                                                                                       \
    "smuad r4, r10, r12\n\tsmuad r8, r11, r12\n\tsmuad r5, r10, lr\n\tsmuad r9, r11, lr\n\t"
/* r0 column, r10 y0, r11 y1, r12 offset, lr multiplier */
#define BTW_MATMUL_COLUMN(sum0, sum1)                                                                                  \
    "strb " sum0 ", [r10]\n\tadd r10, r10, r0\n\tstrb " sum1 ", [r11]\n\tadd r11, r11, r0\n\t"
#define BTW_MATMUL_CODES                                                                                               \
    ".irp sum, r2, r3, r4, r5, r6, r7, r8, r9\n\t"                                                                     \
    "smmla \\sum, \\sum, lr, r12\n\tssat \\sum, #8, \\sum, asr #3\n\t.endr\n\t"
#define BTW_MATMUL_FLOAT_CODES                                                                                         \
    "vmov s0, lr\n\t" BTW_DSP_TWO_FLOAT_CODES("r2", "r3", "s0", "s0") BTW_DSP_TWO_FLOAT_CODES("r4", "r5", "s0", "s0")  \
        BTW_DSP_TWO_FLOAT_CODES("r6", "r7", "s0", "s0") BTW_DSP_TWO_FLOAT_CODES("r8", "r9", "s0", "s0")

/* r0 x, r1 stream, r2-r5 sums of row 0, r6-r9 of row 1 */
#define BTW_MATMUL_BLOCKS(CODES)                                                                                       \
    "push {r7, r12}\n\tldm r0, {r2-r11}\n\tpush {r2-r11}\n\t"                                                          \
    "adr.w r2, 6f\n\tldr r3, [sp, #28]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #28]\n\t"                   \
    "ldr r1, [sp, #32]\n"                                                                                              \
    "5:\n\tldr r0, [sp]\n\t" BTW_MATMUL_FIRST "ldr pc, [sp, #28]\n"                                                    \
    "6:\n\t" BTW_DSP_STEPS "ldr r10, [sp, #4]\n\tcmp r0, r10\n\tbne 6b\n\t"                                            \
    "add r0, sp, #8\n\tldm r0, {r10, r11, r12, lr}\n\tldr r0, [sp, #24]\n\t" CODES BTW_MATMUL_COLUMN("r2", "r6")       \
        BTW_MATMUL_COLUMN("r3", "r7") BTW_MATMUL_COLUMN("r4", "r8")                                                    \
            BTW_MATMUL_COLUMN("r5", "r9") "strd r10, r11, [sp, #8]\n\tldr r2, [sp, #36]\n\tcmp r1, r2\n\tbne 5b\n\t"   \
                                          "add sp, sp, #40\n\tpop {r7, r12}\n\t"

static __attribute__((noinline, unused, aligned(4))) void btw_matmul_blocks(const btw_matmul_frame *frame)
{
    register const btw_matmul_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_MATMUL_BLOCKS(BTW_MATMUL_CODES) : "+r"(r0) : : BTW_DSP_CLOBBERS);
}

#if defined(__ARM_FP) && (__ARM_FP & 4)
static __attribute__((noinline, unused, aligned(4))) void btw_matmul_blocks_float(const btw_matmul_frame *frame)
{
    register const btw_matmul_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_MATMUL_BLOCKS(BTW_MATMUL_FLOAT_CODES) : "+r"(r0) : : BTW_DSP_CLOBBERS, "s0", "s4", "s5");
}
#endif

#else
#include "btw_matmul_dsp_twin.h"
#endif

/* Steps of 2 along the depth, at least 2 of them. */
static inline btw_matmul_packing btw_matmul_dsp_packing(const btw_matmul_s8 *layer, int times)
{
    const int steps = layer->depth <= 2 ? 2 : (layer->depth + 1) / 2;
    return (btw_matmul_packing){.times = times, .together = 2, .steps = steps, .skip = ((17 - steps) & 15) * 44};
}

#endif
