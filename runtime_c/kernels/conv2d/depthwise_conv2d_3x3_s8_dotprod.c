/* Depthwise 3x3 convolution, int8, SDOT: the bits of depthwise_conv2d_s8_scalar.c. Needs Armv8.2-A with dot products.
 */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_depthwise_neon.h"
#include "btw_s8_dotprod.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Three taps one below the other of 8 channels, and one of them again for the fourth, which meets a zero weight. */
typedef struct {
    int8x16_t low, high;
} btw_dotprod_column;

BTW_NEON btw_dotprod_column btw_dotprod_column_at(const int8_t *const x[3], int at)
{
    const int8x16_t zero = vdupq_n_s8(0);
    const int8x16_t top = vcombine_s8(vld1_s8(x[0] + at), vget_low_s8(zero));
    const int8x16_t middle = vcombine_s8(vld1_s8(x[1] + at), vget_low_s8(zero));
    const int8x16_t bottom = vcombine_s8(vld1_s8(x[2] + at), vget_low_s8(zero));
    const int8x16_t even = vzip1q_s8(top, bottom), odd = vzip1q_s8(middle, middle);
    return (btw_dotprod_column){vzip1q_s8(even, odd), vzip2q_s8(even, odd)};
}

/* What the output pixels of a block of 8 channels share. */
typedef struct {
    int8x16_t weights[3][2];
    int32x4_t bias[2], factor[2];
    int16x8_t zero_point;
    int by_scale;
} btw_dotprod_block;

BTW_NEON int8x8_t btw_dotprod_pixel(const btw_dotprod_block *block, btw_dotprod_column a, btw_dotprod_column b,
                                    btw_dotprod_column c)
{
    int32x4_t low = vdotq_s32(block->bias[0], a.low, block->weights[0][0]);
    int32x4_t high = vdotq_s32(block->bias[1], a.high, block->weights[0][1]);
    low = vdotq_s32(low, b.low, block->weights[1][0]);
    high = vdotq_s32(high, b.high, block->weights[1][1]);
    low = vdotq_s32(low, c.low, block->weights[2][0]);
    high = vdotq_s32(high, c.high, block->weights[2][1]);
    return btw_neon_requantized(block->by_scale, low, high, block->factor[0], block->factor[1], block->zero_point);
}

BTW_DEPTHWISE_3X3_ROW(btw_dotprod_row, btw_dotprod_block, btw_dotprod_column, btw_dotprod_column_at, btw_dotprod_pixel)

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_3x3_s8_dotprod(const btw_depthwise_conv2d_s8_neon_layer *layer,
                                                               const void *const rows[], int8_t *y)
{
    const int channels = layer->channels, blocks = (channels + 7) / 8;
    btw_dotprod_block block = {.zero_point = vdupq_n_s16((int16_t)layer->zero_point), .by_scale = layer->by_scale};
    for (int i = 0; i < blocks; i++) {
        BTW_UNROLL for (int k = 0; k < 6; k++) block.weights[k / 2][k % 2] = vld1q_s8(layer->weights + 96 * i + 16 * k);
        BTW_UNROLL for (int k = 0; k < 2; k++)
        {
            block.bias[k] = vld1q_s32(layer->bias + 8 * i + 4 * k);
            block.factor[k] = vld1q_s32(layer->factor + 8 * i + 4 * k);
        }
        const int c = btw_neon_block(i, 8, channels);
        const int8_t *const x[3] = {(const int8_t *)rows[0] + c, (const int8_t *)rows[1] + c,
                                    (const int8_t *)rows[2] + c};
        if (channels >= 8) {
            btw_dotprod_row(&block, x, y + c, layer->output_width, layer->advance, layer->next, channels);
        } else {
            for (int ox = 0; ox < layer->output_width; ox++) {
                const int8_t *const window[3] = {x[0] + ox * layer->advance, x[1] + ox * layer->advance,
                                                 x[2] + ox * layer->advance};
                int8_t few[8];
                btw_dotprod_row(&block, window, few, 1, 0, layer->next, 8);
                btw_neon_store_few(y + ox * channels, channels, few, 8, channels, 1);
            }
        }
    }
}

#endif
