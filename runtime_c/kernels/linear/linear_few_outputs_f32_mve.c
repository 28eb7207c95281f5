/* Fully connected layer and 1x1 convolution with few outputs, float32, Helium: 4 values of a pixel at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals linear_f32_scalar.c but for rounding. */
#include "btw_mve.h"
#include "linear_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const float *x;
    const float *weights;
    float *y;
    int inputs;
    int step; /* bytes of a pixel, and of the weights of an output */
    const float *bias;
    int outputs;
    int pixels;
    float low; /* 32 */
    float high;
} btw_linear_few_outputs_f32_mve_frame;

/* r0 and r7 values and weights, r1 x, r2 weights, r3 y, r4 inputs, r5 step, r6 bias, r8 outputs, r9 pixels, r10 weights
 * of an output, r11 its bias, r12 outputs left; s28 bias, s29 low, s30 high. */
BTW_MVE_FUNCTION(btw_linear_few_outputs_f32_mve_pixels, btw_linear_few_outputs_f32_mve_frame,
                 "push {r7}\n\tvldr s29, [r0, #32]\n\tvldr s30, [r0, #36]\n\tldm r0, {r1-r6, r8, r9}\n"
                 "1:\n\tmov r10, r2\n\tmov r11, r6\n\tmov r12, r8\n"
                 "2:\n\tmov r0, r1\n\tmov r7, r10\n\tvmov.i32 q0, #0\n\tdlstp.32 lr, r4\n"
                 "3:\n\tvldrw.32 q1, [r0], #16\n\tvldrw.32 q2, [r7], #16\n\tvfma.f32 q0, q1, q2\n\tletp lr, 3b\n\t"
                 "vldmia r11!, {s28}\n\t"
                 "vadd.f32 s0, s0, s1\n\tvadd.f32 s2, s2, s3\n\tvadd.f32 s0, s0, s2\n\tvadd.f32 s0, s0, s28\n\t"
                 "vmaxnm.f32 s0, s0, s29\n\tvminnm.f32 s0, s0, s30\n\tvstmia r3!, {s0}\n\t"
                 "add r10, r10, r5\n\tsubs r12, r12, #1\n\tbne 2b\n\t"
                 "add r1, r1, r5\n\tsubs r9, r9, #1\n\tbne 1b\n\tpop {r7}\n\t")

BTW_KERNEL void btw_linear_few_outputs_f32_mve(const btw_linear_f32 *layer, const float *x, float *y, int pixels)
{
    const btw_linear_few_outputs_f32_mve_frame frame = {
        .x = x,
        .weights = layer->weights,
        .y = y,
        .inputs = layer->inputs,
        .step = layer->inputs * (int)sizeof *y,
        .bias = layer->bias,
        .outputs = layer->outputs,
        .pixels = pixels,
        .low = layer->low,
        .high = layer->high,
    };
    btw_linear_few_outputs_f32_mve_pixels(&frame);
}

#endif
