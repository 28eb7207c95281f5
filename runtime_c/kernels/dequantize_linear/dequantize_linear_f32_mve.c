/* DequantizeLinear, int8 to float32, Helium: 4 codes at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_dequantize_linear_f32_scalar. */
#include "btw_mve.h"
#include "dequantize_linear_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const int8_t *x;
    float *y;
    int count;
    float scale;
    int zero_point;
} btw_dequantize_linear_f32_mve_frame;

BTW_MVE_FUNCTION(btw_dequantize_linear_f32_mve_values, btw_dequantize_linear_f32_mve_frame,
                 "ldm r0, {r1-r5}\n\twlstp.32 lr, r3, 2f\n"
                 "1:\n\tvldrb.s32 q0, [r1], #4\n\tvsub.i32 q0, q0, r5\n\tvcvt.f32.s32 q0, q0\n\t"
                 "vmul.f32 q0, q0, r4\n\tvstrw.32 q0, [r2], #16\n\tletp lr, 1b\n2:\n\t")

BTW_KERNEL void btw_dequantize_linear_f32_mve(const btw_dequantize_linear_f32 *layer, const int8_t *x, float *y,
                                              int pixels)
{
    const btw_dequantize_linear_f32_mve_frame frame = {x, y, pixels * layer->channels, layer->scale, layer->zero_point};
    btw_dequantize_linear_f32_mve_values(&frame);
}

#endif
