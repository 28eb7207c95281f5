/* Global average pooling, float32, Helium: 4 channels in a vector. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_global_average_pool_f32_scalar. */
#include "btw_f32_mve.h"
#include "global_average_pool_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FEATURE_MVE)

typedef struct {
    const float *x;
    float *y;
    int pixel; /* bytes */
    int pixels;
    int channels;
} btw_global_average_pool_f32_mve_frame;

/* Adds all pixels to sums, of 16 channels together, then of 4: r0 x, r1 y, r2 bytes of a pixel, r3 pixels, r4 channels
 * left, r5 a pixel */
BTW_MVE_FUNCTION(btw_global_average_pool_f32_mve_row, btw_global_average_pool_f32_mve_frame,
                 "ldm r0, {r0-r4}\n\tb 3f\n"
                 "1:\n\tvldrw.32 q0, [r1]\n\tvldrw.32 q1, [r1, #16]\n\tvldrw.32 q2, [r1, #32]\n\t"
                 "vldrw.32 q3, [r1, #48]\n\tmov r5, r0\n\tmov lr, r3\n"
                 "2:\n\tvldrw.32 q4, [r5]\n\tvadd.f32 q0, q0, q4\n\tvldrw.32 q5, [r5, #16]\n\tvadd.f32 q1, q1, q5\n\t"
                 "vldrw.32 q6, [r5, #32]\n\tvadd.f32 q2, q2, q6\n\tvldrw.32 q7, [r5, #48]\n\tvadd.f32 q3, q3, q7\n\t"
                 "add r5, r5, r2\n\tle lr, 2b\n\t"
                 ".irp sum, q0, q1, q2, q3\n\tvstrw.32 \\sum, [r1], #16\n\t.endr\n\tadd r0, r0, #64\n"
                 "3:\n\tsubs r4, r4, #16\n\tbge 1b\n\tadds r4, r4, #16\n\tbeq 6f\n"
                 "4:\n\tvctp.32 r4\n\tvpst\n\tvldrwt.32 q0, [r1]\n\tmov r5, r0\n\tmov lr, r3\n"
                 "5:\n\tvpst\n\tvldrwt.32 q1, [r5]\n\tvadd.f32 q0, q0, q1\n\tadd r5, r5, r2\n\tle lr, 5b\n\t"
                 "vpst\n\tvstrwt.32 q0, [r1], #16\n\tadd r0, r0, #16\n\tsubs r4, r4, #4\n\tbgt 4b\n6:\n\t")

BTW_KERNEL void btw_global_average_pool_f32_mve(const btw_global_average_pool_f32 *layer, const float *x, float *y,
                                                int row)
{
    const btw_global_average_pool_f32_mve_frame frame = {
        x, y, layer->channels * (int)sizeof *x, layer->width, layer->channels,
    };
    if (row == 0)
        btw_fill_f32(y, layer->channels, 0.0f);
    btw_global_average_pool_f32_mve_row(&frame);
    if (row == layer->height - 1) {
        const float pixels = (float)(layer->height * layer->width);
        for (int c = 0; c < layer->channels; c++)
            y[c] /= pixels;
    }
}

#endif
#endif
