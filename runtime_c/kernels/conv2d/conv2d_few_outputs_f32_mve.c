/* 2-D convolution with few output channels, float32, Helium: 4 values of a window at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals conv2d_f32_scalar.c but for rounding, without groups and where the pixels of a kernel row are neighbours. */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const void *const *rows;
    const float *weights;
    float *y;
    int length;
    int kernel_height;
    int first; /* byte of the window of the first pixel */
    int advance;
    int y_step;
    int pixels;
    float bias; /* 36 */
    float low;
    float high;
} btw_conv2d_few_outputs_f32_mve_frame;

/* r0 a row, r1 rows, r2 weights, r3 y, r4 length, r5 rows of the window, r6 byte of it, r7 rows left, r8 advance, r9
 * step of y, r10 pixels, r11 x, r12 weights of the row; s28 bias, s29 low, s30 high. */
BTW_MVE_FUNCTION(btw_conv2d_few_outputs_f32_mve_channel, btw_conv2d_few_outputs_f32_mve_frame,
                 "push {r7}\n\tvldr s28, [r0, #36]\n\tvldr s29, [r0, #40]\n\tvldr s30, [r0, #44]\n\t"
                 "ldm r0, {r1-r6, r8-r10}\n"
                 "0:\n\tmov r0, r1\n\tmov r12, r2\n\tmov r7, r5\n\tvmov.i32 q0, #0\n"
                 "1:\n\tldr r11, [r0], #4\n\tadd r11, r11, r6\n\tdlstp.32 lr, r4\n"
                 "2:\n\tvldrw.32 q1, [r11], #16\n\tvldrw.32 q2, [r12], #16\n\tvfma.f32 q0, q1, q2\n\tletp lr, 2b\n\t"
                 "subs r7, r7, #1\n\tbne 1b\n\t"
                 "vadd.f32 s0, s0, s1\n\tvadd.f32 s2, s2, s3\n\tvadd.f32 s0, s0, s2\n\tvadd.f32 s0, s0, s28\n\t"
                 "vmaxnm.f32 s0, s0, s29\n\tvminnm.f32 s0, s0, s30\n\tvstr s0, [r3]\n\t"
                 "add r3, r3, r9\n\tadd r6, r6, r8\n\tsubs r10, r10, #1\n\tbne 0b\n\tpop {r7}\n\t")

BTW_KERNEL void btw_conv2d_few_outputs_f32_mve(const btw_conv2d_few_outputs_f32_mve_layer *layer,
                                               const void *const rows[], float *y)
{
    const int size = (layer->length + 3) / 4 * 4 * layer->kernel_height;
    for (int oc = 0; oc < layer->outputs; oc++) {
        const btw_conv2d_few_outputs_f32_mve_frame frame = {
            .rows = rows,
            .weights = layer->weights + oc * size,
            .y = y + oc,
            .length = layer->length,
            .kernel_height = layer->kernel_height,
            .first = 0,
            .advance = layer->advance * (int)sizeof *y,
            .y_step = layer->outputs * (int)sizeof *y,
            .pixels = layer->output_width,
            .bias = layer->bias[oc],
            .low = layer->low,
            .high = layer->high,
        };
        btw_conv2d_few_outputs_f32_mve_channel(&frame);
    }
}

#endif
