/* Softmax over the last axis, int8, Helium: exponentials gathered, added in order, divided one by one in double. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_softmax_s8_scalar. y may be x. */
#include "btw_mve.h"
#include "softmax_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const int8_t *x;
    int8_t *y;
    int32_t pixels;
    int32_t fours; /* of channels */
    int32_t rest;
    const float *last; /* of the exponentials */
    float levels;
    int32_t zero_point;
    int32_t channels;
} btw_softmax_s8_mve_frame;

/* Exponentials of 4 codes at r1 to q1 (s4 to s7); those of no code are 0. */
#define BTW_SOFTMAX_S8_MVE_GATHER "vldrb.s32 q0, [r1], #4\n\tvldrw.u32 q1, [r11, q0, uxtw #2]\n\t"
#define BTW_SOFTMAX_S8_MVE_GATHER_REST "vpstt\n\tvldrbt.s32 q0, [r1]\n\tvldrwt.u32 q1, [r11, q0, uxtw #2]\n\t"
#define BTW_SOFTMAX_S8_MVE_SUM                                                                                         \
    "vadd.f32 s8, s8, s4\n\tvadd.f32 s8, s8, s5\n\tvadd.f32 s8, s8, s6\n\tvadd.f32 s8, s8, s7\n\t"
/* A share, as onnxruntime computes it: product and quotient in double, halves to even by the default rounding mode (gas
 * 2.40 makes a VCVT, which cuts off, of VCVTN from double). */
#define BTW_SOFTMAX_S8_MVE_SHARE(value)                                                                                \
    "vcvt.f64.f32 d6, " value "\n\tvmul.f64 d6, d6, d8\n\tvdiv.f64 d6, d6, d7\n\tvcvtr.s32.f64 " value ", d6\n\t"
#define BTW_SOFTMAX_S8_MVE_CODES                                                                                       \
    BTW_SOFTMAX_S8_MVE_SHARE("s4")                                                                                     \
    BTW_SOFTMAX_S8_MVE_SHARE("s5")                                                                                     \
    BTW_SOFTMAX_S8_MVE_SHARE("s6")                                                                                     \
    BTW_SOFTMAX_S8_MVE_SHARE("s7") "vqadd.s32 q1, q1, r8\n\tvqmovnb.s32 q1, q1\n\tvqmovnb.s16 q1, q1\n\t"

/* r1 x, r2 y, r3 pixels, r4 fours, r5 rest, r8 zero point, r9 channels, r10 largest code, r11 its exponential, r12 the
 * last one, s8 sum, d7 the same, d8 levels. */
BTW_MVE_FUNCTION(btw_softmax_s8_mve_pixels, btw_softmax_s8_mve_frame,
                 "push {r7}\n\tldm r0, {r1-r5, r7, r8, r10, r11}\n\t"
                 "mov r12, r7\n\tvmov s16, r8\n\tvcvt.f64.f32 d8, s16\n\tmov r8, r10\n\tmov r9, r11\n"
                 "1:\n\tmvn r10, #127\n\tmov r7, r1\n\tdlstp.8 lr, r9\n"
                 "2:\n\tvldrb.8 q0, [r7], #16\n\tvmaxv.s8 r10, q0\n\tletp lr, 2b\n\t"
                 "sxtb r10, r10\n\tsub r11, r12, r10, lsl #2\n\tmov r7, r1\n\t"
                 "vmov.i32 q2, #0\n\tvctp.32 r5\n\twls lr, r4, 4f\n"
                 "3:\n\t" BTW_SOFTMAX_S8_MVE_GATHER BTW_SOFTMAX_S8_MVE_SUM "le lr, 3b\n"
                 "4:\n\tcbz r5, 5f\n\t" BTW_SOFTMAX_S8_MVE_GATHER_REST BTW_SOFTMAX_S8_MVE_SUM
                 "5:\n\tvcvt.f64.f32 d7, s8\n\tmov r1, r7\n\twls lr, r4, 7f\n"
                 "6:\n\t" BTW_SOFTMAX_S8_MVE_GATHER BTW_SOFTMAX_S8_MVE_CODES "vstrb.32 q1, [r2], #4\n\tle lr, 6b\n"
                 "7:\n\tcbz r5, 8f\n\t" BTW_SOFTMAX_S8_MVE_GATHER_REST BTW_SOFTMAX_S8_MVE_CODES
                 "vpst\n\tvstrbt.32 q1, [r2]\n\tadd r1, r1, r5\n\tadd r2, r2, r5\n"
                 "8:\n\tsubs r3, r3, #1\n\tbne 1b\n\tpop {r7}\n\t")

BTW_KERNEL void btw_softmax_s8_mve(const btw_softmax_s8 *layer, const int8_t *x, int8_t *y, int pixels)
{
    const btw_softmax_s8_mve_frame frame = {
        .x = x,
        .y = y,
        .pixels = pixels,
        .fours = layer->channels / 4,
        .rest = layer->channels % 4,
        .last = layer->exponentials + 255,
        .levels = layer->levels,
        .zero_point = layer->zero_point,
        .channels = layer->channels,
    };
    btw_softmax_s8_mve_pixels(&frame);
}

#endif
