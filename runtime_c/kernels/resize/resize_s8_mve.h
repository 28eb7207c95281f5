/* A pixel of resizing by weights, int8, Helium: 4 channels at a time in float32, codes by a proved reciprocal. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_RESIZE_S8_MVE_H
#define BTW_RESIZE_S8_MVE_H

#include "btw_resize_mve.h"
#include "resize_s8.h"

typedef struct {
    const btw_resize_mve_tap *taps;
    const btw_resize_mve_tap *end;
    int8_t *y;
    int channels;
    int input_zero_point;
    float input_scale;
    float low;
    float high;
    float reciprocal;
    float minus_scale;
    int output_zero_point;
} btw_resize_s8_mve_frame;

/* r0 x, r1 taps, r2 their end, r3 y, r4 channels left, r5 zero point and r6 scale of x, r7 channel, r8 a tap, r9 its
 * weight, r10 reciprocal, r11 minus the scale and r12 zero point of y. */
BTW_MVE_FUNCTION(btw_resize_s8_mve_pixel, btw_resize_s8_mve_frame,
                 "push {r7}\n\tldm r0, {r1-r6, r8-r12}\n\tvdup.32 q2, r8\n\tvdup.32 q3, r9\n\tmov r7, #0\n"
                 "1:\n\tvctp.32 r4\n\tvmov.i32 q0, #0\n\tmov r8, r1\n"
                 "2:\n\tldrd r0, r9, [r8], #8\n\tadd r0, r0, r7\n\tvpst\n\tvldrbt.s32 q1, [r0]\n\t"
                 "vsub.i32 q1, q1, r5\n\tvcvt.f32.s32 q1, q1\n\tvmul.f32 q1, q1, r6\n\tvmul.f32 q1, q1, r9\n\t"
                 "vadd.f32 q0, q0, q1\n\tcmp r8, r2\n\tbne 2b\n\t"
                 "vmaxnm.f32 q0, q0, q2\n\tvminnm.f32 q0, q0, q3\n\t"
                 "vmul.f32 q1, q0, r10\n\tvfma.f32 q0, q1, r11\n\tvfma.f32 q1, q0, r10\n\t"
                 "vcvtn.s32.f32 q1, q1\n\tvadd.i32 q1, q1, r12\n\tvpst\n\tvstrbt.32 q1, [r3], #4\n\t"
                 "add r7, r7, #4\n\tsubs r4, r4, #4\n\tbgt 1b\n\tpop {r7}\n\t")

static inline btw_resize_s8_mve_frame btw_resize_s8_mve_start(const btw_resize_s8 *layer, float reciprocal, float low,
                                                              float high)
{
    const btw_resize_s8_mve_frame frame = {
        .channels = layer->channels,
        .input_zero_point = layer->input_zero_point,
        .input_scale = layer->input_scale,
        .low = low,
        .high = high,
        .reciprocal = reciprocal,
        .minus_scale = -layer->output_scale,
        .output_zero_point = layer->output_zero_point,
    };
    return frame;
}

#endif
