/* Multiplication, int8, Armv7E-M: 4 products a turn by a proved multiplier, equals btw_mul_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs a shift of 3, one operand with the shape of the output, and either the other one too, or of a multiple of 4
 * channels a value for each or one for all. Any alignment; y may be an operand that has its shape. */
#include "mul_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FEATURE_DSP)

typedef struct {
    const int8_t *a, *b;
    int8_t *y, *y_end;                     /* of a run of b */
    uint32_t a_zero_points, b_zero_points; /* minus them, twice 16 bits */
    int32_t multiplier, offset;
    int run;        /* bytes of b, which begins again behind them */
    int8_t *y_last; /* where the last run ends */
} btw_mul_frame;

/* r0 a, r1 b, r2 y, r3 end of the run, r4 r5 zero points, r6 multiplier, r8 offset */
static __attribute__((noinline)) void btw_mul_fours(const btw_mul_frame *frame)
{
    register const btw_mul_frame *r0 __asm("r0") = frame;
    __asm volatile("ldrd r9, r10, [r0, #32]\n\tpush {r9, r10}\n\tldm r0, {r0-r6, r8}\n"
                   "1:\n\tldr r9, [r0], #4\n\tldr r11, [r1], #4\n\t"
                   "sxtab16 r10, r4, r9\n\tsxtab16 r9, r4, r9, ror #8\n\t"
                   "sxtab16 r12, r5, r11\n\tsxtab16 r11, r5, r11, ror #8\n\t"
                   "smulbb lr, r10, r12\n\tsmultt r10, r10, r12\n\tsmulbb r12, r9, r11\n\tsmultt r9, r9, r11\n\t"
                   ".irp product, lr, r12, r10, r9\n\t"
                   "smmla \\product, \\product, r6, r8\n\tssat \\product, #8, \\product, asr #3\n\t.endr\n\t"
                   "strb r12, [r2, #1]\n\tstrb r10, [r2, #2]\n\tstrb r9, [r2, #3]\n\tstrb lr, [r2], #4\n\t"
                   "cmp r2, r3\n\tbne 1b\n\t"
                   "ldrd r9, r10, [sp]\n\tsub r1, r1, r9\n\tadd r3, r3, r9\n\tcmp r2, r10\n\tbne 1b\n\t"
                   "add sp, sp, #8\n\t"
                   : "+r"(r0)
                   :
                   : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

/* A value of b for each pixel; r5 minus its zero point */
static __attribute__((noinline)) void btw_mul_values(const btw_mul_frame *frame)
{
    register const btw_mul_frame *r0 __asm("r0") = frame;
    __asm volatile("ldrd r9, r10, [r0, #32]\n\tpush {r9, r10}\n\tldm r0, {r0-r6, r8}\n"
                   "1:\n\tldrsb r11, [r1], #1\n\tadd r11, r11, r5\n"
                   "2:\n\tldr r9, [r0], #4\n\tsxtab16 r10, r4, r9\n\tsxtab16 r9, r4, r9, ror #8\n\t"
                   "smulbb r12, r10, r11\n\tsmultb r10, r10, r11\n\tsmulbb lr, r9, r11\n\tsmultb r9, r9, r11\n\t"
                   ".irp product, r12, lr, r10, r9\n\t"
                   "smmla \\product, \\product, r6, r8\n\tssat \\product, #8, \\product, asr #3\n\t.endr\n\t"
                   "strb lr, [r2, #1]\n\tstrb r10, [r2, #2]\n\tstrb r9, [r2, #3]\n\tstrb r12, [r2], #4\n\t"
                   "cmp r2, r3\n\tbne 2b\n\t"
                   "ldrd r9, r10, [sp]\n\tadd r3, r3, r9\n\tcmp r2, r10\n\tbne 1b\n\tadd sp, sp, #8\n\t"
                   : "+r"(r0)
                   :
                   : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

static inline uint32_t btw_mul_minus_twice(int zero_point)
{
    return (uint32_t)-zero_point << 16 | ((uint32_t)-zero_point & 0xffffu);
}

BTW_KERNEL void btw_mul_s8_dsp(const btw_mul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels)
{
    const int swap = layer->a_pixel < layer->b_pixel, count = pixels * layer->channels, whole = count & ~3;
    const int again = layer->a_pixel != layer->b_pixel; /* the smaller operand is read again for each pixel */
    const btw_requantization *const requantization = &layer->requantization;
    const int b_zero_point = swap ? layer->a_zero_point : layer->b_zero_point;
    const int single = again && (swap ? layer->a_channel : layer->b_channel) == 0; /* a value a pixel */
    const btw_mul_frame frame = {
        .a = swap ? b : a,
        .b = swap ? a : b,
        .y = y,
        .y_end = y + (again ? layer->channels : whole),
        .a_zero_points = btw_mul_minus_twice(swap ? layer->b_zero_point : layer->a_zero_point),
        .b_zero_points = single ? (uint32_t)-b_zero_point : btw_mul_minus_twice(b_zero_point),
        .multiplier = requantization->multiplier[0],
        .offset = requantization->offset,
        .run = again ? layer->channels : whole,
        .y_last = y + whole,
    };
    if (single)
        btw_mul_values(&frame);
    else if (whole)
        btw_mul_fours(&frame);
    for (int i = whole; i < count; i++) {
        const int32_t product = (a[i] - layer->a_zero_point) * (b[i] - layer->b_zero_point);
        y[i] = btw_requantize(requantization, 0, product);
    }
}

#endif
#endif
