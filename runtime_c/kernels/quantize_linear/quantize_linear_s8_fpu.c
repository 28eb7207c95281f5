/* QuantizeLinear, int8, Armv7E-M with FPU: 4 values a turn. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_quantize_linear_s8_scalar, in the default rounding mode. */
#include "quantize_linear_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Codes up to `end`, a multiple of 4 values away, or up to 4 values among which may be a NaN; returns where it stopped.
 * The sum of the quotients is a NaN if one of them is. */
static inline const float *btw_quantize_linear_s8_fpu_fours(const btw_quantize_linear_s8 *layer, const float *x,
                                                            const float *end, int8_t *y)
{
    int code0, code1, code2, code3;
    __asm__ volatile("1:\n\tvldmia %[x]!, {s0-s3}\n\t"
                     "vdiv.f32 s0, s0, %[scale]\n\tvdiv.f32 s1, s1, %[scale]\n\t"
                     "vdiv.f32 s2, s2, %[scale]\n\tvdiv.f32 s3, s3, %[scale]\n\t"
                     "vadd.f32 s4, s0, s1\n\tvadd.f32 s5, s2, s3\n\tvadd.f32 s4, s4, s5\n\t"
                     "vcmp.f32 s4, s4\n\tvmrs APSR_nzcv, fpscr\n\tbvs 2f\n\t"
                     "vcvtr.s32.f32 s0, s0\n\tvcvtr.s32.f32 s1, s1\n\t"
                     "vcvtr.s32.f32 s2, s2\n\tvcvtr.s32.f32 s3, s3\n\t"
                     "vmov %[code0], %[code1], s0, s1\n\tvmov %[code2], %[code3], s2, s3\n\t"
                     ".irp code, %[code0], %[code1], %[code2], %[code3]\n\t"
                     "qadd \\code, \\code, %[zero_point]\n\tssat \\code, #8, \\code\n\t"
                     "strb \\code, [%[y]], #1\n\t.endr\n\t"
                     "cmp %[x], %[end]\n\tbne 1b\n\tb 3f\n"
                     "2:\n\tsub %[x], %[x], #16\n3:"
                     : [x] "+&r"(x), [y] "+&r"(y), [code0] "=&r"(code0), [code1] "=&r"(code1), [code2] "=&r"(code2),
                       [code3] "=&r"(code3)
                     : [scale] "t"(layer->scale), [zero_point] "r"(layer->zero_point), [end] "r"(end)
                     : "cc", "memory", "s0", "s1", "s2", "s3", "s4", "s5");
    return x;
}

BTW_KERNEL void btw_quantize_linear_s8_fpu(const btw_quantize_linear_s8 *layer, const float *x, int8_t *y, int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count;) {
        if (count - i >= 4)
            i = (int)(btw_quantize_linear_s8_fpu_fours(layer, x + i, x + i + ((count - i) & ~3), y + i) - x);
        for (int end = count - i < 4 ? count : i + 4; i < end; i++)
            y[i] = btw_quantize_s8(x[i], layer->scale, layer->zero_point);
    }
}

#endif
