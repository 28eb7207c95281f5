/* Helium: the assembly text that the int8 kernels for Cortex-M55 share. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MVE_H
#define BTW_MVE_H

#include "btw.h"

/* Assembly kernels are one function each, whose only operand is the address of a frame in r0. They save r7, which may be
 * the frame pointer, themselves. P0 is not preserved by calls either, so that compilers without a name for it are safe. */
#define BTW_MVE_ASSEMBLY __attribute__((noinline))
#define BTW_MVE_REGISTERS                                                                                             \
    "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "q0", "q1", "q2", "q3", "q4", "q5",    \
        "q6", "q7", "cc", "memory"
#if defined(__GNUC__) && !defined(__clang__)
#define BTW_MVE_CLOBBERS "p0", BTW_MVE_REGISTERS
#else
#define BTW_MVE_CLOBBERS BTW_MVE_REGISTERS
#endif

/* ---- A block of 4 output channels by 2 pixels.
 * Sums in r0 r2 r4 r6 (pixel 0) and r8 r10 r12 lr (pixel 1): VMLADAVA takes even registers only. r9 and r11 point to the
 * pixels, r5 to a stream of constants: int8 weights [step][channel][16], then bias[4], then multiplier[4] or scale[4]. */

/* One step: 16 values of both pixels; x0 and x1 are their addresses. BTW_MVE_STEP_BYTES of code. */
#define BTW_MVE_STEP(multiply, x0, x1)                                                                                \
    "vldrb.8 q0, " x0 "\n\tvldrb.8 q2, [r5], #16\n\t" multiply ".s8 r0, q0, q2\n\t"                                    \
    "vldrb.8 q1, " x1 "\n\t" multiply ".s8 r8, q1, q2\n\t"                                                             \
    "vldrb.8 q3, [r5], #16\n\t" multiply ".s8 r2, q0, q3\n\t" multiply ".s8 r10, q1, q3\n\t"                           \
    "vldrb.8 q4, [r5], #16\n\t" multiply ".s8 r4, q0, q4\n\t" multiply ".s8 r12, q1, q4\n\t"                           \
    "vldrb.8 q5, [r5], #16\n\t" multiply ".s8 r6, q0, q5\n\t" multiply ".s8 lr, q1, q5\n\t"
#define BTW_MVE_STEP_BYTES 56
#define BTW_MVE_STEP_AT(offset) BTW_MVE_STEP("vmladava", "[r9, #" #offset "]", "[r11, #" #offset "]")
#define BTW_MVE_STEP_ON BTW_MVE_STEP("vmladava", "[r9], #16", "[r11], #16")
#define BTW_MVE_4_STEPS_ON BTW_MVE_STEP_ON BTW_MVE_STEP_ON BTW_MVE_STEP_ON BTW_MVE_STEP_ON
/* Steps 7 to 1; who enters later runs fewer. */
#define BTW_MVE_STEPS_7_TO_1                                                                                           \
    BTW_MVE_STEP_AT(112)                                                                                              \
    BTW_MVE_STEP_AT(96)                                                                                               \
    BTW_MVE_STEP_AT(80) BTW_MVE_STEP_AT(64) BTW_MVE_STEP_AT(48) BTW_MVE_STEP_AT(32) BTW_MVE_STEP_AT(16)

/* 32-bit sums in `q` times the constants in `by`, rounded to 16 bits in the half `half` (b or t) of `to`.
 * By multiplier: ((sum * multiplier) >> 32) / 8, rounded. By scale: onnxruntime's float32 formula. Both saturate; the
 * zero point is added later, and saturates: clamp((offset + ((sum * multiplier) >> 32)) >> 3) for every sum. */
#define BTW_MVE_BY_MULTIPLIER(q, by, half, to)                                                                        \
    "vmulh.s32 " q ", " q ", " by "\n\tvqrshrn" half ".s32 " to ", " q ", #3\n\t"
#define BTW_MVE_BY_SCALE(q, by, half, to)                                                                             \
    "vcvt.f32.s32 " q ", " q "\n\tvmul.f32 " q ", " q ", " by "\n\tvcvtn.s32.f32 " q ", " q "\n\tvqmovn" half          \
    ".s32 " to ", " q "\n\t"
#define BTW_MVE_SHIFT 3

/* The sums of a block, with bias, to the half `half` of q6 (pixel 0) and q7 (pixel 1). */
#define BTW_MVE_BLOCK_END(requantize, half)                                                                           \
    "vmov q0[2], q0[0], r0, r4\n\tvmov q0[3], q0[1], r2, r6\n\t"                                                       \
    "vmov q1[2], q1[0], r8, r12\n\tvmov q1[3], q1[1], r10, lr\n\t"                                                     \
    "vldrw.32 q4, [r5], #16\n\tvldrw.32 q5, [r5], #16\n\tvadd.i32 q0, q0, q4\n\tvadd.i32 q1, q1, q4\n\t"               \
    requantize("q0", "q5", half, "q6") requantize("q1", "q5", half, "q7")

/* Adds the zero point in `register`; bytes in the lower half of each 16-bit lane. */
#define BTW_MVE_FINISH(zero_point)                                                                                    \
    "vqadd.s16 q6, q6, " zero_point "\n\tvqadd.s16 q7, q7, " zero_point "\n\t"                                         \
    "vqmovnb.s16 q6, q6\n\tvqmovnb.s16 q7, q7\n\t"

#endif
