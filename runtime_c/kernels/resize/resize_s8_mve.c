/* One row of resizing by weights, int8, Helium: 4 channels at a time, codes by a proved reciprocal. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_resize_s8_scalar. Needs -ffp-contract=off. */
#include "resize_s8_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* A row of pixels from 2 by 2 taps. */
typedef struct {
    const int8_t *upper;
    const int8_t *lower;
    const int32_t *columns; /* of the next pixel, as what follows */
    const float *column_weights;
    int8_t *y;
    int32_t pixels; /* left */
    int32_t channels;
    int32_t input_zero_point;
    float input_scale;
    float row_weights[2];
    float low;
    float high;
    float reciprocal;
    float minus_scale;
    int32_t output_zero_point;
} btw_resize_s8_mve_row;

/* Channels of a pixel at `x` times its weight: codes to values as onnxruntime rounds them. */
#define BTW_RESIZE_S8_MVE_TAP(q, x, weight)                                                                            \
    "vldrb.s32 " q ", [" x "], #4\n\tvsub.i32 " q ", " q ", r10\n\tvcvt.f32.s32 " q ", " q "\n\t"                      \
    "vmul.f32 " q ", " q ", r11\n\tvmul.f32 " q ", " q ", " weight "\n\t"

/* r7 frame, r0 to r3 inputs, r4 y, r5 r6 r8 r9 their weights, r10 zero point and r11 scale of the inputs; q2 low, q3
 * high, q4 reciprocal, q5 minus the scale, q6 zero point of y. */
BTW_MVE_FUNCTION(
    btw_resize_s8_mve_four_taps, btw_resize_s8_mve_row,
    "push {r7}\n\tmov r7, r0\n\tadd r0, r7, #44\n\tldm r0, {r1-r5}\n\t"
    "vdup.32 q2, r1\n\tvdup.32 q3, r2\n\tvdup.32 q4, r3\n\tvdup.32 q5, r4\n\tvdup.32 q6, r5\n"
    "1:\n\tldrd r10, r12, [r7, #8]\n\tldrd r0, r1, [r10], #8\n\tvldmia r12!, {s0, s1}\n\t"
    "strd r10, r12, [r7, #8]\n\tvldr s2, [r7, #36]\n\tvldr s3, [r7, #40]\n\t"
    "vmul.f32 s4, s2, s0\n\tvmul.f32 s5, s2, s1\n\tvmul.f32 s6, s3, s0\n\tvmul.f32 s7, s3, s1\n\t"
    "vmov r5, r6, s4, s5\n\tvmov r8, r9, s6, s7\n\tldr r12, [r7, #24]\n\t"
    "mul r0, r0, r12\n\tmul r1, r1, r12\n\tldrd r10, r4, [r7]\n\t"
    "add r3, r4, r1\n\tadd r1, r10, r1\n\tadd r2, r4, r0\n\tadd r0, r10, r0\n\t"
    "ldrd r10, r11, [r7, #28]\n\tldr r4, [r7, #16]\n\tdlstp.32 lr, r12\n"
    "2:\n\t" BTW_RESIZE_S8_MVE_TAP("q0", "r0", "r5")
        BTW_RESIZE_S8_MVE_TAP("q1", "r1", "r6") "vadd.f32 q0, q0, q1\n\t" BTW_RESIZE_S8_MVE_TAP(
            "q1", "r2",
            "r8") "vadd.f32 q0, q0, q1\n\t" BTW_RESIZE_S8_MVE_TAP("q1", "r3",
                                                                  "r9") "vadd.f32 q0, q0, q1\n\tvmaxnm.f32 q0, q0, "
                                                                        "q2\n\tvminnm.f32 q0, q0, q3\n\t"
                                                                        "vmul.f32 q1, q0, q4\n\tvfma.f32 q0, q1, "
                                                                        "q5\n\tvfma.f32 q1, q0, q4\n\t"
                                                                        "vcvtn.s32.f32 q1, q1\n\tvadd.i32 q1, q1, "
                                                                        "q6\n\tvstrb.32 q1, [r4], #4\n\tletp lr, 2b\n\t"
                                                                        "ldrd r0, r1, [r7, #16]\n\tadd r0, r0, "
                                                                        "r12\n\tsubs r1, r1, #1\n\tstrd r0, r1, [r7, "
                                                                        "#16]\n\t"
                                                                        "bne 1b\n\tpop {r7}\n\t")

/* scratch: a tap for each weight */
BTW_KERNEL void btw_resize_s8_mve(const btw_resize_s8_by_reciprocal *given, const void *const rows[], int8_t *y, int oy,
                                  void *scratch)
{
    const btw_resize_s8 *const layer = &given->plain;
    if (layer->row_taps == 2 && layer->column_taps == 2) {
        btw_resize_s8_mve_row row = {
            .upper = rows[0],
            .lower = rows[1],
            .columns = layer->columns,
            .column_weights = layer->column_weights,
            .y = y,
            .pixels = layer->output_width,
            .channels = layer->channels,
            .input_zero_point = layer->input_zero_point,
            .input_scale = layer->input_scale,
            .row_weights = {layer->row_weights[2 * oy], layer->row_weights[2 * oy + 1]},
            .low = given->low,
            .high = given->high,
            .reciprocal = given->reciprocal,
            .minus_scale = -layer->output_scale,
            .output_zero_point = layer->output_zero_point,
        };
        btw_resize_s8_mve_four_taps(&row);
        return;
    }
    btw_resize_s8_mve_frame frame = btw_resize_s8_mve_start(layer, given->reciprocal, given->low, given->high);
    frame.taps = scratch;
    frame.y = y;
    for (int ox = 0; ox < layer->output_width; ox++, frame.y += layer->channels) {
        frame.end = BTW_RESIZE_MVE_TAPS(layer, rows, layer->channels, oy, ox, scratch);
        btw_resize_s8_mve_pixel(&frame);
    }
}

#endif
