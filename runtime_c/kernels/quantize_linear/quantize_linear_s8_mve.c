/* QuantizeLinear, int8, Helium: 4 values at a time, divided by a reciprocal that was proved to give the same codes. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_quantize_linear_s8_scalar for quiet values. */
#include "btw_mve.h"
#include "quantize_linear_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const float *x;
    int8_t *y;
    int count;
    float low;
    float high;
    float reciprocal;
    float minus_scale;
    int zero_point;
} btw_quantize_linear_s8_mve_frame;

/* q0 x, q1 its quotient, once and once again by the remainder; a NaN becomes `low`. */
BTW_MVE_FUNCTION(btw_quantize_linear_s8_mve_codes, btw_quantize_linear_s8_mve_frame,
                 "ldm r0, {r1-r6, r8, r9}\n\tvdup.32 q2, r4\n\tvdup.32 q3, r5\n\twlstp.32 lr, r3, 2f\n"
                 "1:\n\tvldrw.32 q0, [r1], #16\n\tvmaxnm.f32 q0, q0, q2\n\tvminnm.f32 q0, q0, q3\n\t"
                 "vmul.f32 q1, q0, r6\n\tvfma.f32 q0, q1, r8\n\tvfma.f32 q1, q0, r6\n\t"
                 "vcvtn.s32.f32 q1, q1\n\tvadd.i32 q1, q1, r9\n\tvstrb.32 q1, [r2], #4\n\tletp lr, 1b\n2:\n\t")

BTW_KERNEL void btw_quantize_linear_s8_mve(const btw_quantize_linear_s8_by_reciprocal *layer, const float *x, int8_t *y,
                                           int pixels)
{
    const btw_quantize_linear_s8_mve_frame frame = {
        .x = x,
        .y = y,
        .count = pixels * layer->channels,
        .low = layer->low,
        .high = layer->high,
        .reciprocal = layer->reciprocal,
        .minus_scale = -layer->scale,
        .zero_point = layer->zero_point,
    };
    btw_quantize_linear_s8_mve_codes(&frame);
}

#endif
