/* Addition, int8, Helium: 16 codes at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals add_s8_scalar.c for shifts from 17 to 24. y may be a or b. Clobbers q4 to q7 inside. */
#include "add_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#if defined(__GNUC__) && !defined(__clang__)
#define BTW_ADD_S8_MVE_P0 "p0", /* compilers without a name for it take it as lost in any call */
#else
#define BTW_ADD_S8_MVE_P0
#endif

typedef struct {
    const int8_t *a;
    const int8_t *b;
    int8_t *y;
    int32_t sixteens;
    int32_t b_multiplier;
    int32_t constant;
    int32_t left;         /* minus the shift */
    int32_t left_of_half; /* minus the shift, plus 16 */
    int32_t rest;         /* codes behind the last sixteen */
    int32_t a_multiplier;
} btw_add_s8_mve_frame;

/* r1 a, r2 b, r3 y, r5 multiplier of b, r6 constant, q7 multiplier of a. Even and odd codes of q4 to 16 bits, even and
 * odd ones of those to 32: four sums in q0 to q3; their upper halves, shifted, go back the same way. */
#define BTW_ADD_S8_MVE_SUMS                                                                                            \
    "vmovlb.s8 q5, q4\n\tvmovlt.s8 q6, q4\n\t"                                                                         \
    "vmovlb.s16 q0, q5\n\tvmovlt.s16 q1, q5\n\tvmovlb.s16 q2, q6\n\tvmovlt.s16 q3, q6\n\t"                             \
    "vmlas.s32 q0, q7, r6\n\tvmlas.s32 q1, q7, r6\n\tvmlas.s32 q2, q7, r6\n\tvmlas.s32 q3, q7, r6\n\t"
#define BTW_ADD_S8_MVE_MORE                                                                                            \
    "vmovlb.s8 q5, q4\n\tvmovlt.s8 q6, q4\n\t"                                                                         \
    "vmovlb.s16 q4, q5\n\tvmla.s32 q0, q4, r5\n\tvmovlt.s16 q5, q5\n\tvmla.s32 q1, q5, r5\n\t"                         \
    "vmovlb.s16 q4, q6\n\tvmla.s32 q2, q4, r5\n\tvmovlt.s16 q6, q6\n\tvmla.s32 q3, q6, r5\n\t"
#define BTW_ADD_S8_MVE_CODES                                                                                           \
    "vshrnb.i32 q0, q0, #16\n\tvshrnt.i32 q0, q1, #16\n\tvshrnb.i32 q2, q2, #16\n\tvshrnt.i32 q2, q3, #16\n\t"         \
    "vshl.s16 q0, r9\n\tvshl.s16 q2, r9\n\tvqmovnb.s16 q0, q0\n\tvqmovnt.s16 q0, q2\n\t"
/* Where exact halves go to the even code: v += (v >> shift) & 1. */
#define BTW_ADD_S8_MVE_EVEN                                                                                            \
    "vmov.i32 q6, #1\n\t.irp v, q0, q1, q2, q3\n\tvmov q4, \\v\n\tvshl.s32 q4, r8\n\tvand q4, q4, q6\n\t"              \
    "vadd.i32 \\v, \\v, q4\n\t.endr\n\t"

#define BTW_ADD_S8_MVE_ALL(even)                                                                                       \
    "ldm r0, {r1-r6, r8-r11}\n\t"                                                                                      \
    "vdup.32 q7, r11\n\t"                                                                                              \
    "wls lr, r4, 2f\n"                                                                                                 \
    "1:\n\t"                                                                                                           \
    "vldrb.8 q4, [r1], #16\n\t" BTW_ADD_S8_MVE_SUMS                                                                    \
    "vldrb.8 q4, [r2], #16\n\t" BTW_ADD_S8_MVE_MORE even BTW_ADD_S8_MVE_CODES "vstrb.8 q0, [r3], #16\n\t"              \
    "le lr, 1b\n"                                                                                                      \
    "2:\n\t"                                                                                                           \
    "vctp.8 r10\n\t"                                                                                                   \
    "vpst\n\tvldrbt.8 q4, [r1]\n\t" BTW_ADD_S8_MVE_SUMS                                                                \
    "vpst\n\tvldrbt.8 q4, [r2]\n\t" BTW_ADD_S8_MVE_MORE even BTW_ADD_S8_MVE_CODES "vpst\n\tvstrbt.8 q0, [r3]"

#define BTW_ADD_S8_MVE_FUNCTION(name, text)                                                                            \
    static __attribute__((noinline)) void name(const btw_add_s8_mve_frame *layer)                                      \
    {                                                                                                                  \
        register const btw_add_s8_mve_frame *frame __asm__("r0") = layer;                                              \
        __asm__ volatile(text                                                                                          \
                         : "+r"(frame)                                                                                 \
                         :                                                                                             \
                         : BTW_ADD_S8_MVE_P0 "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "lr", "q0", \
                           "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");                                  \
    }

BTW_ADD_S8_MVE_FUNCTION(btw_add_s8_mve_half_up, BTW_ADD_S8_MVE_ALL(""))
BTW_ADD_S8_MVE_FUNCTION(btw_add_s8_mve_half_even, BTW_ADD_S8_MVE_ALL(BTW_ADD_S8_MVE_EVEN))

BTW_KERNEL void btw_add_s8_mve(const btw_add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels)
{
    const int count = pixels * layer->channels;
    const btw_add_s8_mve_frame frame = {
        .a = a,
        .b = b,
        .y = y,
        .sixteens = count / 16,
        .b_multiplier = layer->b_multiplier,
        .constant = layer->constant,
        .left = -layer->shift,
        .left_of_half = 16 - layer->shift,
        .rest = count % 16,
        .a_multiplier = layer->a_multiplier,
    };
    if (layer->half_even)
        btw_add_s8_mve_half_even(&frame);
    else
        btw_add_s8_mve_half_up(&frame);
}

#endif
