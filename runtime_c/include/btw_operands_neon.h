/* Kernels for NEON of two operands that broadcast, or that work by float32 between codes: their loops and steps. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_OPERANDS_NEON_H
#define BTW_OPERANDS_NEON_H

#include "btw_s8_neon.h"

/* Sixteen codes of an operand from channel `c` on, or one for all; eight of them; fewer than eight, the others any. */
BTW_NEON int8x16_t btw_neon_operand_16(const int8_t *x, int channel, int c)
{
    return channel ? vld1q_s8(x + c) : vdupq_n_s8(*x);
}

BTW_NEON int8x8_t btw_neon_operand(const int8_t *x, int channel, int c)
{
    return channel ? vld1_s8(x + c) : vdup_n_s8(*x);
}

BTW_NEON int8x8_t btw_neon_few_operand(const int8_t *x, int channel, int count)
{
    int8_t few[8] = {0};
    if (channel)
        memcpy(few, x, (size_t)count);
    return channel ? vld1_s8(few) : vdup_n_s8(*x);
}

/* y[count] = eight(layer, a, b) for vectors of codes. The last one reaches back, where there are eight: it is computed
 * before y, which may be a or b, covers what it reads. */
#define BTW_NEON_CODES(eight, layer, a, a_channel, b, b_channel, y, count)                                             \
    do {                                                                                                               \
        const int reaches_back = count > 8 && count % 8 != 0;                                                          \
        int8x8_t last = vdup_n_s8(0);                                                                                  \
        if (reaches_back)                                                                                              \
            last = eight(layer, btw_neon_operand(a, a_channel, count - 8), btw_neon_operand(b, b_channel, count - 8)); \
        int c = 0;                                                                                                     \
        for (; c <= count - 16; c += 16) {                                                                             \
            const int8x16_t of_a = btw_neon_operand_16(a, a_channel, c), of_b = btw_neon_operand_16(b, b_channel, c);  \
            vst1q_s8(y + c, vcombine_s8(eight(layer, vget_low_s8(of_a), vget_low_s8(of_b)),                            \
                                        eight(layer, vget_high_s8(of_a), vget_high_s8(of_b))));                        \
        }                                                                                                              \
        if (c <= count - 8)                                                                                            \
            vst1_s8(y + c, eight(layer, btw_neon_operand(a, a_channel, c), btw_neon_operand(b, b_channel, c)));        \
        if (reaches_back)                                                                                              \
            vst1_s8(y + count - 8, last);                                                                              \
        if (count < 8) {                                                                                               \
            int8_t few[8];                                                                                             \
            vst1_s8(few, eight(layer, btw_neon_few_operand(a, a_channel, count),                                       \
                               btw_neon_few_operand(b, b_channel, count)));                                            \
            memcpy(y, few, (size_t)count);                                                                             \
        }                                                                                                              \
    } while (0)

/* y[pixels][channels] = eight(layer, a, b). Operands of one shape, or of one value, are one long pixel. */
#define BTW_NEON_PAIRS(eight, layer, a, b, y, pixels)                                                                  \
    do {                                                                                                               \
        const int channels = layer->channels, a_channel = layer->a_channel, b_channel = layer->b_channel;              \
        const int flat = layer->a_pixel == channels * a_channel && layer->b_pixel == channels * b_channel;             \
        const int count = flat ? pixels * channels : channels;                                                         \
        for (int left = flat ? 1 : pixels; left > 0; left--) {                                                         \
            BTW_NEON_CODES(eight, layer, a, a_channel, b, b_channel, y, count);                                        \
            a += layer->a_pixel;                                                                                       \
            b += layer->b_pixel;                                                                                       \
            y += channels;                                                                                             \
        }                                                                                                              \
    } while (0)

/* The same for float32, vectors of four. */
#define BTW_NEON_FLOAT_PAIRS(four, one, layer, a, b, y, pixels)                                                        \
    do {                                                                                                               \
        const int channels = layer->channels, a_channel = layer->a_channel, b_channel = layer->b_channel;              \
        const int flat = layer->a_pixel == channels * a_channel && layer->b_pixel == channels * b_channel;             \
        const int count = flat ? pixels * channels : channels;                                                         \
        for (int left = flat ? 1 : pixels; left > 0; left--) {                                                         \
            int c = 0;                                                                                                 \
            for (; c <= count - 4; c += 4) {                                                                           \
                const float32x4_t of_a = a_channel ? vld1q_f32(a + c) : vdupq_n_f32(*a);                               \
                const float32x4_t of_b = b_channel ? vld1q_f32(b + c) : vdupq_n_f32(*b);                               \
                vst1q_f32(y + c, four(of_a, of_b));                                                                    \
            }                                                                                                          \
            for (const int end = c + (count & 3); c < end; c++) /* a bound that gcc sees */                            \
                y[c] = one(a[c * a_channel], b[c * b_channel]);                                                        \
            a += layer->a_pixel;                                                                                       \
            b += layer->b_pixel;                                                                                       \
            y += channels;                                                                                             \
        }                                                                                                              \
    } while (0)

BTW_NEON int32x4_t btw_neon_low_s32(int16x8_t a)
{
    return vmovl_s16(vget_low_s16(a));
}

BTW_NEON int32x4_t btw_neon_high_s32(int16x8_t a)
{
    return vmovl_s16(vget_high_s16(a));
}

/* DequantizeLinear of the lower, or the upper, four of eight codes without their zero point. */
BTW_NEON float32x4_t btw_neon_low_real(float scale, int16x8_t centred)
{
    return vmulq_f32(vdupq_n_f32(scale), vcvtq_f32_s32(btw_neon_low_s32(centred)));
}

BTW_NEON float32x4_t btw_neon_high_real(float scale, int16x8_t centred)
{
    return vmulq_f32(vdupq_n_f32(scale), vcvtq_f32_s32(btw_neon_high_s32(centred)));
}

#if !defined(__arm__)

/* QuantizeLinear of eight values, by true divisions; NaN is the lowest code. */
BTW_NEON int32x4_t btw_neon_quotients(float32x4_t x, float scale)
{
    return vcvtnq_s32_f32(vmaxnmq_f32(vdivq_f32(x, vdupq_n_f32(scale)), vdupq_n_f32(-512.0f)));
}

BTW_NEON int8x8_t btw_neon_quantize(float32x4_t low, float32x4_t high, float scale, int zero_point)
{
    const int16x8_t codes = btw_neon_narrow(btw_neon_quotients(low, scale), btw_neon_quotients(high, scale));
    return vqmovn_s16(vqaddq_s16(codes, vdupq_n_s16((int16_t)zero_point)));
}

#endif

#endif
