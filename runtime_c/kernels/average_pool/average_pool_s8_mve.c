/* Average pooling, int8, Helium: 8 channels at a time, by float32 sums in row order. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_average_pool_s8_scalar where every window has a pixel that counts. */
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
} btw_average_pool_s8_mve_scales;

/* r0 position, r1 taps, r2 their end, r3 y, r4 channels, r5 pixels, r6 and r11 steps of position and y behind a pixel,
 * r7 address of a tap, r8 zero point of x, r9 minus the offset, r10 a tap, r12 channels left, lr scale of x; s28 taps,
 * s29 scale of y, s30 its zero point, s31 1 / taps where that is exact, else 0. Sums of even channels in q0, odd in q1.
 */
BTW_MVE_FUNCTION(btw_average_pool_s8_mve_pixels, btw_pool_pixels,
                 "push {r7}\n\tldr r10, [r0, #40]\n\tvldr s31, [r0, #32]\n\tldm r0, {r0-r6, r11}\n\t"
                 "ldr lr, [r10]\n\tldr r8, [r10, #4]\n\tvldr s29, [r10, #8]\n\tvldr s30, [r10, #12]\n\t"
                 "ldr r9, [r10, #16]\n\tsub r7, r2, r1\n\tlsr r7, r7, #2\n\tvmov s28, r7\n\tvcvt.f32.s32 s28, s28\n\t"
                 "sub r10, r7, #1\n\ttst r10, r7\n\tbeq 0f\n\tmov r7, #0\n\tvmov s31, r7\n"
                 "0:\n\tmov r12, r4\n"
                 "1:\n\tvctp.16 r12\n\tmov r10, r1\n\tvmov.i32 q0, #0\n\tvmov.i32 q1, #0\n"
                 "2:\n\tldr r7, [r10], #4\n\tadd r7, r7, r0\n\tvpst\n\tvldrbt.s16 q2, [r7]\n\t"
                 "vsub.i16 q2, q2, r8\n\tvmovlb.s16 q3, q2\n\tvmovlt.s16 q2, q2\n\t"
                 "vcvt.f32.s32 q3, q3\n\tvcvt.f32.s32 q2, q2\n\tvmul.f32 q3, q3, lr\n\tvmul.f32 q2, q2, lr\n\t"
                 "vadd.f32 q0, q0, q3\n\tvadd.f32 q1, q1, q2\n\tcmp r10, r2\n\tbne 2b\n\t"
                 "vmov r7, s31\n\tcbz r7, 3f\n\tvmul.f32 q0, q0, r7\n\tvmul.f32 q1, q1, r7\n\tb 4f\n"
                 "3:\n\t.irp sum, s0, s1, s2, s3, s4, s5, s6, s7\n\tvdiv.f32 \\sum, \\sum, s28\n\t.endr\n"
                 "4:\n\t.irp sum, s0, s1, s2, s3, s4, s5, s6, s7\n\tvdiv.f32 \\sum, \\sum, s29\n\t.endr\n\t"
                 "vmov r7, s30\n\tvadd.f32 q0, q0, r7\n\tvadd.f32 q1, q1, r7\n\t"
                 "vcvtn.s32.f32 q0, q0\n\tvcvtn.s32.f32 q1, q1\n\tvqmovnb.s32 q0, q0\n\tvqmovnt.s32 q0, q1\n\t"
                 "vqadd.s16 q0, q0, r9\n\tvqmovnb.s16 q0, q0\n\tvpst\n\tvstrbt.16 q0, [r3], #8\n\t"
                 "add r0, r0, #8\n\tsubs r12, r12, #8\n\tbgt 1b\n\t"
                 "add r0, r0, r6\n\tadd r3, r3, r11\n\tsubs r5, r5, #1\n\tbne 0b\n\tpop {r7}\n\t")

/* scratch: a pointer for each pixel of the window */
BTW_KERNEL void btw_average_pool_s8_mve(const btw_average_pool_s8 *layer, const void *const rows[], int8_t *y,
                                        void *scratch)
{
    const btw_average_pool_s8_mve_scales scales = {
        layer->input_scale, layer->input_zero_point, layer->output_scale, (float)layer->output_zero_point,
        -layer->offset,
    };
    btw_pool pool = BTW_POOL(layer, 1, 8, 1);
    pool.more = &scales;
    btw_pool_row(&pool, rows, y, scratch, btw_average_pool_s8_mve_pixels);
}

#endif
