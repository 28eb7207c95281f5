/* Sums of int8 codes on Armv7-M: the instructions that both kernels share. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_ADD_ARMV7M_H
#define BTW_ADD_ARMV7M_H

/* r0 a, r1 b, r2 y, r4 r5 multipliers, r6 constant, r8 shift */
#define BTW_ADD_TWO_CODES                                                                                              \
    "ldrsb r9, [r0], #1\n\tldrsb r10, [r0], #1\n\tldrsb r11, [r1], #1\n\tldrsb r12, [r1], #1\n\t"                      \
    "mla r9, r9, r4, r6\n\tmla r10, r10, r4, r6\n\tmla r9, r11, r5, r9\n\tmla r10, r12, r5, r10\n\t"                   \
    "asr r9, r9, r8\n\tasr r10, r10, r8\n\tssat r9, #8, r9\n\tssat r10, #8, r10\n\t"                                   \
    "strb r9, [r2], #1\n\tstrb r10, [r2], #1\n\t"

#endif
