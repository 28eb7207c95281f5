/* float32 on Helium: the loops over packed layers of btw_f32.h, 4 channels in a vector. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_F32_MVE_H
#define BTW_F32_MVE_H

#include "btw_f32.h"
#include "btw_mve.h"

#if defined(__ARM_FEATURE_MVE)

/* Clips sums: the flags say how clip compares with BTW_F32_FROM_ZERO; q6 and q7 are lost. Ends at 5. */
#define BTW_F32_MVE_CLIP(sums, LOAD_HIGH, high)                                                                        \
    "blo 5f\n\tvmov.i32 q6, #0\n\t.irp sum, " sums "\n\tvmaxnm.f32 \\sum, \\sum, q6\n\t.endr\n\tbeq 5f\n\t" LOAD_HIGH  \
    "vdup.32 q7, " high "\n\t.irp sum, " sums "\n\tvminnm.f32 \\sum, \\sum, q7\n\t.endr\n5:\n\t"
#define BTW_F32_MVE_FOUR_SUMS "q0, q1, q2, q3"

/* Not every kernel that includes this file has blocks. */
static __attribute__((unused)) void btw_f32_mve_four(const btw_f32_blocks *layer);
static __attribute__((unused)) void btw_f32_mve_one(const btw_f32_blocks *layer);

/* ---- Blocks of 4 output channels by 4 pixels: r0 x, r1 stream, r2 rounds, r3 x again, r12 where a block begins; [sp]:
 * 4 y, end, high, clip. */

/* Two taps of 4 pixels. */
#define BTW_F32_MVE_FOUR_STEP                                                                                          \
    "ldm r0!, {r4-r11}\n\tvldrw.32 q6, [r1], #16\n\t"                                                                  \
    "vfma.f32 q0, q6, r4\n\tvfma.f32 q1, q6, r6\n\tvfma.f32 q2, q6, r8\n\tvfma.f32 q3, q6, r10\n\t"                    \
    "vldrw.32 q7, [r1], #16\n\t"                                                                                       \
    "vfma.f32 q0, q7, r5\n\tvfma.f32 q1, q7, r7\n\tvfma.f32 q2, q7, r9\n\tvfma.f32 q3, q7, r11\n\t"
BTW_MVE_FUNCTION(
    btw_f32_mve_four, btw_f32_blocks,
    "push {r7}\n\tadd r4, r0, #8\n\tldm r4, {r4-r12}\n\tpush {r4-r7, r10-r12}\n\t"
    "mov r2, r9\n\tmov r9, #44\n\tadr.w r12, 2f\n\tmla r12, r8, r9, r12\n\torr r12, r12, #1\n\t"
    "ldrd r0, r1, [r0]\n\tmov r3, r0\n"
    "1:\n\tvldrw.32 q0, [r1], #16\n\tvmov q1, q0\n\tvmov q2, q0\n\tvmov q3, q0\n\tmov lr, r2\n\tbx r12\n"
    "2:\n\t.rept 8\n\t" BTW_F32_MVE_FOUR_STEP ".endr\n\tle lr, 2b\n\t"
    "mov r0, r3\n\tldm sp, {r4-r10}\n\tcmp r10, #1\n\t" BTW_F32_MVE_CLIP(
        BTW_F32_MVE_FOUR_SUMS, "",
        "r9") "vstrw.32 q0, [r4], #16\n\tvstrw.32 q1, [r5], #16\n\tvstrw.32 q2, [r6], #16\n\tvstrw.32 q3, [r7], #16\n\t"
              "stm sp, {r4-r7}\n\tcmp r1, r8\n\tbne 1b\n\tadd sp, #28\n\tpop {r7}\n\t")

/* Four taps of 1 pixel; two of them come first where that leaves fours. r8 y, r9 where the fours begin, r10 end. */
#define BTW_F32_MVE_ONE_STEP                                                                                           \
    "ldm.w r0!, {r4-r7}\n\t.irp tap, r4, r5, r6, r7\n\tvldrw.32 q6, [r1], #16\n\tvfma.f32 q0, q6, \\tap\n\t.endr\n\t"
BTW_MVE_FUNCTION(
    btw_f32_mve_one, btw_f32_blocks,
    "push {r7}\n\tldr r8, [r0, #8]\n\tadd r4, r0, #24\n\tldm r4, {r4-r6, r10-r12}\n\tmov r2, r5\n\tmov r5, #36\n\t"
    "adr.w r9, 2f\n\tmla r9, r4, r5, r9\n\torr r9, r9, #1\n\tcmp r12, #0\n\tadr.w r12, 7f\n\torr r12, r12, #1\n\t"
    "it eq\n\tmoveq r12, r9\n\tpush {r6, r10}\n\tmov r10, r6\n\tldrd r0, r1, [r0]\n\tmov r3, r0\n"
    "1:\n\tvldrw.32 q0, [r1], #16\n\tmov lr, r2\n\tbx r12\n"
    "7:\n\tldrd r4, r5, [r0], #8\n\t.irp tap, r4, r5\n\tvldrw.32 q6, [r1], #16\n\tvfma.f32 q0, q6, \\tap\n\t.endr\n\t"
    "bx r9\n"
    "2:\n\t.rept 8\n\t" BTW_F32_MVE_ONE_STEP ".endr\n\tle lr, 2b\n\t"
    "mov r0, r3\n\tcmp r11, #1\n\t" BTW_F32_MVE_CLIP(
        "q0", "ldr r4, [sp, #4]\n\t",
        "r4") "vstrw.32 q0, [r8], #16\n\tcmp r1, r10\n\tbne 1b\n\tadd sp, #8\n\tpop {r7}\n\t")

/* ---- Depthwise: registers as in btw_f32.h. */

#define BTW_F32_MVE_DEPTHWISE_CLIP(sums)                                                                               \
    "ldr r6, [sp, #20]\n\tcmp r6, #1\n\t" BTW_F32_MVE_CLIP(sums, "ldr r6, [sp, #24]\n\t", "r6")
#define BTW_F32_MVE_DEPTHWISE_FOUR(MOVE_GROUP, MOVE_TILE)                                                              \
    BTW_F32_MVE_DEPTHWISE_CLIP(BTW_F32_MVE_FOUR_SUMS)                                                                  \
    "add r11, r4, lr\n\tvstrw.32 q0, [r4], #16\n\tvstrw.32 q1, [r11]\n\tadd r11, r11, lr\n\tvstrw.32 q2, [r11]\n\t"    \
    "add r11, r11, lr\n\tvstrw.32 q3, [r11]\n\t" BTW_F32_DEPTHWISE_NEXT(MOVE_GROUP, MOVE_TILE) BTW_F32_DEPTHWISE_LEAVE
#define BTW_F32_MVE_DEPTHWISE_ONE(MOVE_GROUP, MOVE_TILE)                                                               \
    BTW_F32_MVE_DEPTHWISE_CLIP("q0")                                                                                   \
    "vstrw.32 q0, [r4], #16\n\t" BTW_F32_DEPTHWISE_NEXT(MOVE_GROUP, MOVE_TILE) BTW_F32_DEPTHWISE_LEAVE
#define BTW_F32_MVE_DEPTHWISE_FOUR_BIAS "vldrw.32 q0, [r3], #16\n\tvmov q1, q0\n\tvmov q2, q0\n\tvmov q3, q0\n\t"

#endif

#endif
