/* One row of linear resizing, int8, Helium: sums in integers, float32 steps for pixels where these do not decide. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_resize_s8_scalar. Needs -ffp-contract=off. Clobbers q6 and q7 inside. */
#include "resize_s8_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const int8_t *upper;
    const int8_t *lower;
    const int32_t *columns; /* of the next pixel, as what follows */
    const int32_t *column_factors;
    int8_t *y;
    int32_t pixels; /* left */
    int32_t channels;
    int32_t row_factors[2];
    int32_t zero_point;
    int32_t start;
    int32_t left; /* minus the shift */
    uint32_t doubtful;
    int32_t fraction;
    int32_t found; /* the last pixel made may be wrong */
} btw_resize_sums_s8_mve_frame;

/* Pixels until one may be wrong. r7 frame, r0 to r3 inputs, r4 y, r5 r6 r8 r9 their weights, r10 start, r11 minus the
 * shift; q6 smallest fraction, q7 mask of it. */
BTW_MVE_FUNCTION(btw_resize_sums_s8_mve_pixels, btw_resize_sums_s8_mve_frame,
                 "push {r7}\n\tmov r7, r0\n\tldr r1, [r7, #52]\n\tvdup.32 q7, r1\n"
                 "1:\n\tldrd r10, r12, [r7, #8]\n\tldrd r0, r1, [r10], #8\n\tldrd r5, r6, [r12], #8\n\t"
                 "strd r10, r12, [r7, #8]\n\tldrd r11, r12, [r7, #28]\n\t"
                 "smmul r8, r12, r5\n\tsmmul r9, r12, r6\n\tsmmul r5, r11, r5\n\tsmmul r6, r11, r6\n\t"
                 "add r10, r5, r6\n\tadd r10, r10, r8\n\tadd r10, r10, r9\n\t"
                 "ldrd r11, r12, [r7, #36]\n\tmls r10, r10, r11, r12\n\t"
                 "ldrd r12, r4, [r7]\n\tadd r3, r4, r1\n\tadd r1, r12, r1\n\tadd r2, r4, r0\n\tadd r0, r12, r0\n\t"
                 "ldr r4, [r7, #16]\n\tldr r11, [r7, #44]\n\tldr r12, [r7, #24]\n\tvmov.i8 q6, #0xff\n\t"
                 "dlstp.32 lr, r12\n"
                 "2:\n\tvdup.32 q0, r10\n\t"
                 "vldrb.s32 q1, [r0], #4\n\tvmla.s32 q0, q1, r5\n\tvldrb.s32 q2, [r1], #4\n\tvmla.s32 q0, q2, r6\n\t"
                 "vldrb.s32 q1, [r2], #4\n\tvmla.s32 q0, q1, r8\n\tvldrb.s32 q2, [r3], #4\n\tvmla.s32 q0, q2, r9\n\t"
                 "vand q1, q0, q7\n\tvmin.u32 q6, q6, q1\n\tvshl.s32 q0, r11\n\t"
                 "vqmovnb.s32 q0, q0\n\tvqmovnb.s16 q0, q0\n\tvstrb.32 q0, [r4], #4\n\tletp lr, 2b\n\t"
                 "mov r5, #-1\n\tvminv.u32 r5, q6\n\tldrd r0, r1, [r7, #16]\n\tadd r0, r0, r12\n\tsubs r1, r1, #1\n\t"
                 "strd r0, r1, [r7, #16]\n\tldr r6, [r7, #48]\n\tcmp r5, r6\n\tblo 3f\n\tcmp r1, #0\n\tbne 1b\n\t"
                 "b 4f\n"
                 "3:\n\tstr r7, [r7, #56]\n"
                 "4:\n\tpop {r7}\n\t")

/* scratch: a tap for each weight */
BTW_KERNEL void btw_resize_sums_s8_mve(const btw_resize_sums_s8_by_reciprocal *given, const void *const rows[],
                                       int8_t *y, int oy, void *scratch)
{
    const btw_resize_sums_s8 *const layer = &given->sums;
    const btw_resize_s8 *const plain = &layer->plain;
    const int channels = plain->channels, width = plain->output_width;
    btw_resize_sums_s8_mve_frame frame = {
        .upper = rows[0],
        .lower = rows[1],
        .columns = plain->columns,
        .column_factors = layer->column_factors,
        .y = y,
        .pixels = width,
        .channels = channels,
        .row_factors = {layer->row_factors[2 * oy], layer->row_factors[2 * oy + 1]},
        .zero_point = plain->input_zero_point,
        .start = layer->offset + layer->guard,
        .left = -layer->shift,
        .doubtful = (uint32_t)(2 * layer->guard),
        .fraction = (int32_t)((UINT32_C(1) << layer->shift) - 1),
    };
    while (frame.pixels > 0) {
        frame.found = 0;
        btw_resize_sums_s8_mve_pixels(&frame);
        if (frame.found) {
            btw_resize_s8_mve_frame again = btw_resize_s8_mve_start(plain, given->reciprocal, given->low, given->high);
            const int ox = width - frame.pixels - 1;
            again.taps = scratch;
            again.end = BTW_RESIZE_MVE_TAPS(plain, rows, 1, oy, ox, scratch);
            again.y = y + ox * channels;
            btw_resize_s8_mve_pixel(&again);
        }
    }
}

#endif
