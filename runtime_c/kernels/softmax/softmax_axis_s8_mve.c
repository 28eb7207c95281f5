/* Softmax along any axis, int8, Helium: 4 values inside of the axis at a time, divided in double. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_softmax_axis_s8_scalar. y may be x. */
#include "btw_mve.h"
#include "softmax_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const int8_t *x;
    int8_t *y;
    int32_t left; /* values inside of the axis */
    const float *exponentials;
    int32_t zero_point;
    int32_t inner;
    int32_t size;
    float levels;
} btw_softmax_axis_s8_mve_frame;

/* A share, as onnxruntime computes it: product and quotient in double, halves to even by the default rounding mode */
#define BTW_SOFTMAX_AXIS_S8_MVE_SHARE(value, sum)                                                                      \
    "vcvt.f64.f32 d6, " value "\n\tvmul.f64 d6, d6, d10\n\tvdiv.f64 d6, d6, " sum "\n\t"                               \
    "vcvtr.s32.f64 " value ", d6\n\t"

/* r1 x, r2 y, r3 values left, r4 and r5 walk along the axis, r6 exponentials, r8 zero point, r9 step, r10 size, r11
 * levels; q2 what is added to a code, q4 (s16 to s19) sums, d12 to d15 the same, d10 levels. Without a value, one is
 * the last exponential. */
BTW_MVE_FUNCTION(btw_softmax_axis_s8_mve_lines, btw_softmax_axis_s8_mve_frame,
                 "ldm r0, {r1-r3, r6, r8-r11}\n\tvmov s20, r11\n\tvcvt.f64.f32 d10, s20\n"
                 "1:\n\tvctp.32 r3\n\tmvn r4, #127\n\tvdup.32 q2, r4\n\tmov r4, r1\n\tmov lr, r10\n"
                 "2:\n\tvpst\n\tvldrbt.s32 q0, [r4]\n\tadd r4, r4, r9\n\tvmax.s32 q2, q2, q0\n\tle lr, 2b\n\t"
                 "vmov.i32 q0, #255\n\tvsub.i32 q2, q0, q2\n\tvmov.i32 q4, #0\n\tmov r4, r1\n\tmov lr, r10\n"
                 "3:\n\tvpst\n\tvldrbt.s32 q0, [r4]\n\tadd r4, r4, r9\n\tvadd.i32 q0, q0, q2\n\t"
                 "vldrw.u32 q1, [r6, q0, uxtw #2]\n\tvadd.f32 q4, q4, q1\n\tle lr, 3b\n\t"
                 "vcvt.f64.f32 d12, s16\n\tvcvt.f64.f32 d13, s17\n\tvcvt.f64.f32 d14, s18\n\tvcvt.f64.f32 d15, s19\n\t"
                 "mov r4, r1\n\tmov r5, r2\n\tmov lr, r10\n"
                 "4:\n\tvpst\n\tvldrbt.s32 q0, [r4]\n\tadd r4, r4, r9\n\tvadd.i32 q0, q0, q2\n\t"
                 "vldrw.u32 q1, [r6, q0, uxtw #2]\n\t" BTW_SOFTMAX_AXIS_S8_MVE_SHARE("s4", "d12")
                     BTW_SOFTMAX_AXIS_S8_MVE_SHARE("s5", "d13") BTW_SOFTMAX_AXIS_S8_MVE_SHARE("s6", "d14")
                         BTW_SOFTMAX_AXIS_S8_MVE_SHARE(
                             "s7", "d15") "vqadd.s32 q1, q1, r8\n\tvqmovnb.s32 q1, q1\n\tvqmovnb.s16 q1, q1\n\t"
                                          "vpst\n\tvstrbt.32 q1, [r5]\n\tadd r5, r5, r9\n\tle lr, 4b\n\t"
                                          "add r1, r1, #4\n\tadd r2, r2, #4\n\tsubs r3, r3, #4\n\tbgt 1b\n\t")

BTW_KERNEL void btw_softmax_axis_s8_mve(const btw_softmax_axis_s8 *layer, const int8_t *x, int8_t *y)
{
    const int matrix = layer->size * layer->inner;
    for (int outer = 0; outer < layer->outer; outer++) {
        const btw_softmax_axis_s8_mve_frame frame = {
            .x = x + outer * matrix,
            .y = y + outer * matrix,
            .left = layer->inner,
            .exponentials = layer->exponentials,
            .zero_point = layer->zero_point,
            .inner = layer->inner,
            .size = layer->size,
            .levels = layer->levels,
        };
        btw_softmax_axis_s8_mve_lines(&frame);
    }
}

#endif
