/* Depthwise convolution of any size and multiplier, int8, SMULL: the bits of depthwise_conv2d_s8_scalar.c. Needs NEON.
 */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_s8_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* The inputs of 8 output channels, in order or as `lanes` says. */
BTW_NEON int8x8_t btw_neon_inputs(const int8_t *x, const uint8_t *lanes)
{
    return lanes ? vtbl1_s8(vld1_s8(x), vreinterpret_s8_u8(vld1_u8(lanes))) : vld1_s8(x);
}

/* `count` pixels of a block of 8 channels, the first one's window `at` bytes behind its rows. */
BTW_NEON void btw_neon_depthwise_tile(const btw_depthwise_conv2d_s8_neon_layer *layer, const void *const rows[], int i,
                                      int at, int8_t *y, int pixel, const int count)
{
    const int8_t *w = layer->weights + 16 * layer->pairs * i;
    const uint8_t *const lanes = layer->lanes ? layer->lanes + 8 * i : NULL;
    const int32_t *tap = layer->taps;
    int32x4_t low[4], high[4];
    BTW_UNROLL for (int p = 0; p < count; p++)
    {
        low[p] = vld1q_s32(layer->bias + 8 * i);
        high[p] = vld1q_s32(layer->bias + 8 * i + 4);
    }
    for (int pair = 0; pair < layer->pairs; pair++, w += 16, tap += 4) {
        const int8_t *const first = (const int8_t *)rows[tap[0]] + tap[1] + at;
        const int8_t *const second = (const int8_t *)rows[tap[2]] + tap[3] + at;
        const int8x8_t w0 = vld1_s8(w), w1 = vld1_s8(w + 8);
        BTW_UNROLL for (int p = 0; p < count; p++)
        {
            const int8x8_t x0 = btw_neon_inputs(first + p * layer->advance, lanes);
            const int8x8_t x1 = btw_neon_inputs(second + p * layer->advance, lanes);
            const int16x8_t sum = vmlal_s8(vmull_s8(x0, w0), x1, w1);
            low[p] = vaddw_s16(low[p], vget_low_s16(sum));
            high[p] = btw_neon_add_high(high[p], sum);
        }
    }
    const int16x8_t zero_point = vdupq_n_s16((int16_t)layer->zero_point);
    const int32x4_t f0 = vld1q_s32(layer->factor + 8 * i), f1 = vld1q_s32(layer->factor + 8 * i + 4);
    BTW_UNROLL for (int p = 0; p < count; p++)
        vst1_s8(y + p * pixel, btw_neon_requantized(layer->by_scale, low[p], high[p], f0, f1, zero_point));
}

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_s8_neon(const btw_depthwise_conv2d_s8_neon_layer *layer,
                                                        const void *const rows[], int8_t *y)
{
    const int channels = layer->channels, blocks = (channels + 7) / 8, advance = layer->advance;
    for (int i = 0; i < blocks; i++) {
        const int c = btw_neon_block(i, 8, channels);
        const int from = layer->first ? layer->first[i] : c;
        int ox = 0;
        for (; channels >= 8 && ox <= layer->output_width - 4; ox += 4)
            btw_neon_depthwise_tile(layer, rows, i, from + ox * advance, y + ox * channels + c, channels, 4);
        for (; ox < layer->output_width; ox++) {
            int8_t codes[8];
            btw_neon_depthwise_tile(layer, rows, i, from + ox * advance, codes, 8, 1);
            memcpy(y + ox * channels + c, codes, (size_t)(channels < 8 ? channels : 8));
        }
    }
}

#endif
