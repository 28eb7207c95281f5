/* Depthwise 3x3 convolution, int8, SMULL: the bits of depthwise_conv2d_s8_scalar.c. Needs NEON. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_depthwise_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Three taps one below the other of 8 channels. */
typedef struct {
    int8x8_t x[3];
} btw_neon_column;

BTW_NEON btw_neon_column btw_neon_column_at(const int8_t *const x[3], int at)
{
    return (btw_neon_column){{vld1_s8(x[0] + at), vld1_s8(x[1] + at), vld1_s8(x[2] + at)}};
}

/* What the output pixels of a block of 8 channels share. */
typedef struct {
    int8x8_t weights[9]; /* [kx][ky] */
    int32x4_t bias[2], factor[2];
    int16x8_t zero_point;
    int by_scale;
} btw_neon_block_3x3;

/* The sums of two products fit 16 bits. */
BTW_NEON int8x8_t btw_neon_pixel(const btw_neon_block_3x3 *block, btw_neon_column a, btw_neon_column b,
                                 btw_neon_column c)
{
    const int8x8_t *const w = block->weights;
    const int16x8_t pairs[5] = {
        vmlal_s8(vmull_s8(a.x[0], w[0]), a.x[1], w[1]),
        vmlal_s8(vmull_s8(a.x[2], w[2]), b.x[0], w[3]),
        vmlal_s8(vmull_s8(b.x[1], w[4]), b.x[2], w[5]),
        vmlal_s8(vmull_s8(c.x[0], w[6]), c.x[1], w[7]),
        vmull_s8(c.x[2], w[8]),
    };
    int32x4_t low = block->bias[0], high = block->bias[1];
    BTW_UNROLL for (int i = 0; i < 5; i++)
    {
        low = vaddw_s16(low, vget_low_s16(pairs[i]));
        high = btw_neon_add_high(high, pairs[i]);
    }
    return btw_neon_requantized(block->by_scale, low, high, block->factor[0], block->factor[1], block->zero_point);
}

BTW_DEPTHWISE_3X3_ROW(btw_neon_row, btw_neon_block_3x3, btw_neon_column, btw_neon_column_at, btw_neon_pixel)

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_3x3_s8_neon(const btw_depthwise_conv2d_s8_neon_layer *layer,
                                                            const void *const rows[], int8_t *y)
{
    const int channels = layer->channels, blocks = (channels + 7) / 8;
    btw_neon_block_3x3 block = {.zero_point = vdupq_n_s16((int16_t)layer->zero_point), .by_scale = layer->by_scale};
    for (int i = 0; i < blocks; i++) {
        BTW_UNROLL for (int k = 0; k < 9; k++) block.weights[k] = vld1_s8(layer->weights + 72 * i + 8 * k);
        BTW_UNROLL for (int k = 0; k < 2; k++)
        {
            block.bias[k] = vld1q_s32(layer->bias + 8 * i + 4 * k);
            block.factor[k] = vld1q_s32(layer->factor + 8 * i + 4 * k);
        }
        const int c = btw_neon_block(i, 8, channels);
        const int8_t *const x[3] = {(const int8_t *)rows[0] + c, (const int8_t *)rows[1] + c,
                                    (const int8_t *)rows[2] + c};
        if (channels >= 8) {
            btw_neon_row(&block, x, y + c, layer->output_width, layer->advance, layer->next, channels);
        } else {
            for (int ox = 0; ox < layer->output_width; ox++) {
                const int8_t *const window[3] = {x[0] + ox * layer->advance, x[1] + ox * layer->advance,
                                                 x[2] + ox * layer->advance};
                int8_t few[8];
                btw_neon_row(&block, window, few, 1, 0, layer->next, 8);
                btw_neon_store_few(y + ox * channels, channels, few, 8, channels, 1);
            }
        }
    }
}

#endif
