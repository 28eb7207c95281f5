/* DequantizeLinear, int8 to float32, Armv7E-M with FPU: 4 codes a turn. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_dequantize_linear_f32_scalar. x at any address. */
#include "dequantize_linear_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_dequantize_linear_f32_fpu(const btw_dequantize_linear_f32 *layer, const int8_t *x, float *y,
                                              int pixels)
{
    const int count = pixels * layer->channels;
    const int8_t *const end = x + (count & ~3);
    const uint32_t minus = (uint32_t)-layer->zero_point;
    uint32_t even, odd;
    if (x != end)
        __asm__ volatile("1:\n\tldr %[odd], [%[x]], #4\n\t"
                         "sxtab16 %[even], %[minus], %[odd]\n\tsxtab16 %[odd], %[minus], %[odd], ror #8\n\t"
                         "vmov s0, s1, %[even], %[odd]\n\tasr %[even], %[even], #16\n\tasr %[odd], %[odd], #16\n\t"
                         "vmov s2, s3, %[even], %[odd]\n\t" /* VCVT.F32.S16 reads 16 bits */
                         "vcvt.f32.s16 s0, s0, #0\n\tvcvt.f32.s16 s1, s1, #0\n\t"
                         "vcvt.f32.s16 s2, s2, #0\n\tvcvt.f32.s16 s3, s3, #0\n\t"
                         "vmul.f32 s0, s0, %[scale]\n\tvmul.f32 s1, s1, %[scale]\n\t"
                         "vmul.f32 s2, s2, %[scale]\n\tvmul.f32 s3, s3, %[scale]\n\t"
                         "vstmia %[y]!, {s0-s3}\n\tcmp %[x], %[end]\n\tbne 1b"
                         : [x] "+&r"(x), [y] "+&r"(y), [even] "=&r"(even), [odd] "=&r"(odd)
                         : [minus] "r"(minus << 16 | (minus & 0xffffu)), [scale] "t"(layer->scale), [end] "r"(end)
                         : "cc", "memory", "s0", "s1", "s2", "s3");
    for (int i = 0; i < (count & 3); i++)
        y[i] = layer->scale * (float)(x[i] - layer->zero_point);
}

#endif
