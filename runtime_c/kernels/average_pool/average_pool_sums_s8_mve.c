/* Average pooling, int8, Helium: by sums in integers, in float32 where codes are in doubt. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_average_pool_s8_scalar where every window has a pixel that counts, and 255 at most. */
#include "average_pool_s8.h"
#include "btw_mve.h"
#include "btw_pool.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* What the loop reads of its layer, float32 as bits. */
typedef struct {
    float input_scale;
    int input_zero_point;
    float output_scale;
    float output_zero_point;
    int minus_offset;
    const int32_t *multiplier; /* 20 */
    const int32_t *constant;   /* 24 */
    int32_t guard;             /* 28 */
    int32_t left;              /* 32: minus the shift */
    int32_t fraction;          /* 36 */
    int32_t least;             /* 40: bytes of `least` pointers */
} btw_average_pool_sums_s8_mve_form;

/* r0 position, r1 taps, r2 their end, r3 y, r4 channels, r5 pixels, r6 and r11 steps of position and y behind a pixel,
 * r7 address of a tap, r8 multiplier, r9 constant with the guard, r10 a tap, r12 channels left, lr twice the guard; q4
 * mask of the fraction, q5 minus the shift; s28 to s31 as in average_pool_s8_mve.c. Codes in doubt: r8 zero point of x,
 * r9 minus the offset, lr scale of x. On the stack: the form, multiplier, constant, twice the guard. */
BTW_MVE_FUNCTION(btw_average_pool_sums_s8_mve_pixels, btw_pool_pixels,
                 "push {r7}\n\tldr r10, [r0, #40]\n\tvldr s31, [r0, #32]\n\tldm r0, {r0-r6, r11}\n\t"
                 "sub r7, r2, r1\n\tldr r12, [r10, #40]\n\tsub r12, r7, r12\n\tldr r8, [r10, #20]\n\tldr r8, [r8, "
                 "r12]\n\tldr r9, [r10, #24]\n\tldr r9, [r9, r12]\n\t"
                 "ldr lr, [r10, #28]\n\tadd r9, r9, lr\n\tadd lr, lr, lr\n\tldr r12, [r10, #36]\n\tvdup.32 q4, r12\n\t"
                 "ldr r12, [r10, #32]\n\tvdup.32 q5, r12\n\tvldr s29, [r10, #8]\n\tvldr s30, [r10, #12]\n\t"
                 "push {r8-r10, lr}\n\tlsr r7, r7, #2\n\tvmov s28, r7\n\tvcvt.f32.s32 s28, s28\n\t"
                 "sub r10, r7, #1\n\ttst r10, r7\n\tbeq 0f\n\tmov r7, #0\n\tvmov s31, r7\n"
                 "0:\n\tmov r12, r4\n"
                 "1:\n\tvctp.16 r12\n\tmov r10, r1\n\tvmov.i32 q0, #0\n"
                 "2:\n\tldr r7, [r10], #4\n\tadd r7, r7, r0\n\tvpst\n\tvldrbt.s16 q1, [r7]\n\t"
                 "vadd.i16 q0, q0, q1\n\tcmp r10, r2\n\tbne 2b\n\t"
                 "vmovlb.s16 q1, q0\n\tvmovlt.s16 q2, q0\n\tvmul.i32 q1, q1, r8\n\tvmul.i32 q2, q2, r8\n\t"
                 "vadd.i32 q1, q1, r9\n\tvadd.i32 q2, q2, r9\n\tvand q0, q1, q4\n\tvand q3, q2, q4\n\t"
                 "vmin.u32 q0, q0, q3\n\tmov r10, #-1\n\tvminv.u32 r10, q0\n\tcmp r10, lr\n\tblo 5f\n\t"
                 "vshl.s32 q1, q1, q5\n\tvshl.s32 q2, q2, q5\n\t"
                 "vqmovnb.s32 q1, q1\n\tvqmovnt.s32 q1, q2\n\tvqmovnb.s16 q1, q1\n\tvpst\n\tvstrbt.16 q1, [r3], #8\n"
                 "3:\n\tadd r0, r0, #8\n\tsubs r12, r12, #8\n\tbgt 1b\n\t"
                 "add r0, r0, r6\n\tadd r3, r3, r11\n\tsubs r5, r5, #1\n\tbne 0b\n\tb 9f\n"
                 "5:\n\tldr r10, [sp, #8]\n\tldrd lr, r8, [r10]\n\tldr r9, [r10, #16]\n\t"
                 "mov r10, r1\n\tvmov.i32 q0, #0\n\tvmov.i32 q1, #0\n"
                 "6:\n\tldr r7, [r10], #4\n\tadd r7, r7, r0\n\tvpst\n\tvldrbt.s16 q2, [r7]\n\t"
                 "vsub.i16 q2, q2, r8\n\tvmovlb.s16 q3, q2\n\tvmovlt.s16 q2, q2\n\t"
                 "vcvt.f32.s32 q3, q3\n\tvcvt.f32.s32 q2, q2\n\tvmul.f32 q3, q3, lr\n\tvmul.f32 q2, q2, lr\n\t"
                 "vadd.f32 q0, q0, q3\n\tvadd.f32 q1, q1, q2\n\tcmp r10, r2\n\tbne 6b\n\t"
                 "vmov r7, s31\n\tcbz r7, 7f\n\tvmul.f32 q0, q0, r7\n\tvmul.f32 q1, q1, r7\n\tb 8f\n"
                 "7:\n\t.irp sum, s0, s1, s2, s3, s4, s5, s6, s7\n\tvdiv.f32 \\sum, \\sum, s28\n\t.endr\n"
                 "8:\n\t.irp sum, s0, s1, s2, s3, s4, s5, s6, s7\n\tvdiv.f32 \\sum, \\sum, s29\n\t.endr\n\t"
                 "vmov r7, s30\n\tvadd.f32 q0, q0, r7\n\tvadd.f32 q1, q1, r7\n\t"
                 "vcvtn.s32.f32 q0, q0\n\tvcvtn.s32.f32 q1, q1\n\tvqmovnb.s32 q0, q0\n\tvqmovnt.s32 q0, q1\n\t"
                 "vqadd.s16 q0, q0, r9\n\tvqmovnb.s16 q0, q0\n\tvpst\n\tvstrbt.16 q0, [r3], #8\n\t"
                 "ldrd r8, r9, [sp]\n\tldr lr, [sp, #12]\n\tb 3b\n"
                 "9:\n\tadd sp, sp, #16\n\tpop {r7}\n\t")

/* scratch: a pointer for each pixel of the window */
BTW_KERNEL void btw_average_pool_sums_s8_mve(const btw_average_pool_sums_s8 *sums, const void *const rows[], int8_t *y,
                                             void *scratch)
{
    const btw_average_pool_s8 *const layer = &sums->layer;
    const btw_average_pool_sums_s8_mve_form form = {
        .input_scale = layer->input_scale,
        .input_zero_point = layer->input_zero_point,
        .output_scale = layer->output_scale,
        .output_zero_point = (float)layer->output_zero_point,
        .minus_offset = -layer->offset,
        .multiplier = sums->multiplier,
        .constant = sums->constant,
        .guard = sums->guard,
        .left = -sums->shift,
        .fraction = (int32_t)((UINT32_C(1) << sums->shift) - 1),
        .least = 4 * sums->least,
    };
    btw_pool pool = BTW_POOL(layer, 1, 8, 1);
    pool.more = &form;
    btw_pool_row(&pool, rows, y, scratch, btw_average_pool_sums_s8_mve_pixels);
}

#endif
