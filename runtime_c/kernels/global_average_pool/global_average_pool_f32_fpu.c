/* Global average pooling, float32, Cortex-M with FPU: 8 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_global_average_pool_f32_scalar. */
#include "btw_f32.h"
#include "global_average_pool_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FP) && defined(__thumb2__)

typedef struct {
    const float *x;
    float *y, *y_end;
    int pixel; /* bytes */
    int pixels;
} btw_global_average_pool_f32_frame;

/* Adds all pixels to sums: r0 x, r1 y, r2 its end, r3 bytes of a pixel, r4 pixels */
static __attribute__((noinline)) void btw_global_average_pool_f32_eights(const btw_global_average_pool_f32_frame *frame)
{
    register const btw_global_average_pool_f32_frame *r0 __asm("r0") = frame;
    __asm volatile("ldm r0, {r0-r4}\n"
                   "1:\n\tvldmia r1, {s0-s7}\n\tmov r5, r0\n\tmov r6, r4\n"
                   "2:\n\tvldmia r5, {s8-s15}\n\tadd r5, r5, r3\n\t"
                   "vadd.f32 s0, s0, s8\n\tvadd.f32 s1, s1, s9\n\tvadd.f32 s2, s2, s10\n\tvadd.f32 s3, s3, s11\n\t"
                   "vadd.f32 s4, s4, s12\n\tvadd.f32 s5, s5, s13\n\tvadd.f32 s6, s6, s14\n\tvadd.f32 s7, s7, s15\n\t"
                   "subs r6, r6, #1\n\tbne 2b\n\t"
                   "vstmia r1!, {s0-s7}\n\tadd r0, r0, #32\n\tcmp r1, r2\n\tbne 1b\n\t"
                   : "+r"(r0)
                   :
                   : BTW_F32_CLOBBERS);
}

BTW_KERNEL void btw_global_average_pool_f32_fpu(const btw_global_average_pool_f32 *layer, const float *x, float *y,
                                                int row)
{
    const int channels = layer->channels, whole = channels & ~7;
    const btw_global_average_pool_f32_frame frame = {
        x, y, y + whole, channels * (int)sizeof *x, layer->width,
    };
    if (row == 0)
        btw_fill_f32(y, channels, 0.0f);
    if (whole)
        btw_global_average_pool_f32_eights(&frame);
    for (int c = whole; c < channels; c++) {
        for (int ix = 0; ix < layer->width; ix++)
            y[c] += x[ix * channels + c];
    }
    if (row == layer->height - 1) {
        const float pixels = (float)(layer->height * layer->width);
        for (int c = 0; c < channels; c++)
            y[c] /= pixels;
    }
}

#endif
#endif
