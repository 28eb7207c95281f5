/* Functions of one float32 value, Helium: 4 values at a time, and the exponential for those that need it. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_UNARY_F32_MVE_H
#define BTW_UNARY_F32_MVE_H

#include "btw_mve.h"

typedef struct {
    const float *x;
    float *y;
    int count;
    float alpha;
    float beta;
    float exponential[7];
    const float *more; /* 48: numbers of one function */
} btw_unary_f32_mve;

/* log2(e), -log(2); e**r for |r| <= log(2) / 2 is 1 + r + r * r * (c2 + c3 * r + c4 * r**2 + c5 * r**3), within 1.1e-7:
 * c5 to c2 by least squares with the weights of Lawson; 1. */
#define BTW_UNARY_F32_MVE_EXPONENTIAL                                                                                  \
    {1.44269504f, -0.693147181f, 0.00831252102f, 0.0418901592f, 0.166671142f, 0.499992311f, 1.0f}

/* COMPUTE makes q0 of q0; r4 alpha, r5 beta, r6 to r12 those seven numbers; PREPARE comes before the loop. r0 and r3
 * are free. A division takes a lane at a time: Helium has none. */
#define BTW_UNARY_F32_MVE_LOOP(name, PREPARE, COMPUTE)                                                                 \
    BTW_MVE_FUNCTION(name, btw_unary_f32_mve,                                                                          \
                     "push {r7}\n\tldm r0, {r1-r12}\n\t" PREPARE "wlstp.32 lr, r3, 2f\n"                               \
                     "1:\n\tvldrw.32 q0, [r1], #16\n\t" COMPUTE                                                        \
                     "vstrw.32 q0, [r2], #16\n\tletp lr, 1b\n2:\n\tpop {r7}\n\t")
/* e**q0 for q6 <= q0 <= q7, else of the nearer end; a NaN is q6. Takes q1 and q2. */
#define BTW_UNARY_F32_MVE_EXP                                                                                          \
    "vmaxnm.f32 q0, q0, q6\n\tvminnm.f32 q0, q0, q7\n\t"                                                               \
    "vmul.f32 q1, q0, r6\n\tvrintn.f32 q1, q1\n\tvfma.f32 q0, q1, r7\n\t"                                              \
    "vdup.32 q2, r8\n\tvfmas.f32 q2, q0, r9\n\tvfmas.f32 q2, q0, r10\n\tvfmas.f32 q2, q0, r11\n\t"                     \
    "vfmas.f32 q2, q0, r12\n\tvfmas.f32 q2, q0, r12\n\t"                                                               \
    "vcvt.s32.f32 q1, q1\n\tvshl.i32 q1, q1, #23\n\tvadd.i32 q0, q2, q1\n\t"
/* The ends of e**x: -87 and 88. */
#define BTW_UNARY_F32_MVE_ENDS                                                                                         \
    "movw r0, #0\n\tmovt r0, #0xc2ae\n\tvdup.32 q6, r0\n\tmovt r0, #0x42b0\n\tvdup.32 q7, r0\n\t"

#endif
