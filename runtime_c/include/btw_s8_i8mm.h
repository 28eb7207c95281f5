/* Sums of products by SMMLA, int8: tiles of up to 4 pairs of pixels by 8 channels. Needs Armv8.6-A. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_S8_I8MM_H
#define BTW_S8_I8MM_H

#include "btw_s8_neon.h"

/* As their namesakes in btw_s8_neon.h. */
#if !defined(BTW_INLINE_KERNELS)
void btw_linear_s8_i8mm(const btw_products_s8_neon *layer, const int8_t *x, int8_t *y, int pixels);
void btw_conv2d_s8_i8mm(const btw_conv2d_s8_neon_layer *layer, const void *const rows[], int8_t *y);
void btw_conv2d_windows_s8_i8mm(const btw_conv2d_windows_s8_neon_layer *layer, const void *const rows[], int8_t *y,
                                void *scratch);
#endif

/* Sums of up to 4 pairs of pixels: two channels each. */
typedef struct {
    int32x4_t of[4][4];
} btw_i8mm_sums;

/* Eight inputs of each pair of pixels. */
BTW_NEON void btw_i8mm_step(btw_i8mm_sums *sums, const int pairs, const int8x16_t x[4], int8x16x4_t weights)
{
    BTW_UNROLL for (int p = 0; p < pairs; p++)
    {
        BTW_UNROLL for (int c = 0; c < 4; c++) sums->of[p][c] = vmmlaq_s32(sums->of[p][c], x[p], weights.val[c]);
    }
}

/* The second pixel of pair `p`. */
BTW_NEON int btw_i8mm_partner(int p, int count)
{
    return 2 * p + 1 < count ? 2 * p + 1 : 2 * p;
}

BTW_NEON int8x16_t btw_i8mm_low(int8x16_t a, int8x16_t b)
{
    return vreinterpretq_s8_s64(vzip1q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

BTW_NEON int8x16_t btw_i8mm_high(int8x16_t a, int8x16_t b)
{
    return vreinterpretq_s8_s64(vzip2q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

/* Channels 0 1 of pixels 0 and 1 with their channels 2 3: four channels of pixel 0, of pixel 1. */
BTW_NEON int32x4_t btw_i8mm_first(int32x4_t a, int32x4_t b)
{
    return vreinterpretq_s32_s64(vzip1q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}

BTW_NEON int32x4_t btw_i8mm_second(int32x4_t a, int32x4_t b)
{
    return vreinterpretq_s32_s64(vzip2q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}

/* `count` pixels, the first one's window `at` bytes behind that of ox = 0. The last of an odd count is its own partner.
 */
BTW_NEON void btw_i8mm_products_tile(const int count, const btw_products_s8_neon *layer, const void *const rows[],
                                     int at, int8_t *y)
{
    const int8_t *w = layer->weights;
    const int32_t *bias = layer->bias, *factor = layer->factor;
    const int16x8_t zero_point = vdupq_n_s16((int16_t)layer->zero_point);
    const int outputs = layer->outputs, blocks = (outputs + 7) / 8, advance = layer->advance, pairs = (count + 1) / 2;
    for (int group = 0; group < layer->groups; group++, at += layer->group, y += outputs) {
        for (int block = 0; block < blocks; block++, bias += 8, factor += 8) {
            btw_i8mm_sums sums;
            BTW_UNROLL for (int c = 0; c < 4; c++)
            {
                const int32x2_t start = vld1_s32(bias + 2 * c);
                BTW_UNROLL for (int p = 0; p < pairs; p++) sums.of[p][c] = vcombine_s32(start, start);
            }
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *piece = (const int8_t *)rows[ky] + at;
                for (int i = 0; i < layer->parts; i++, piece += layer->next) {
                    const int8_t *from = piece;
                    int left = layer->length;
                    for (; left > 8; left -= 16, from += 16) {
                        int8x16_t x[4], more[4];
                        BTW_UNROLL for (int p = 0; p < pairs; p++)
                        {
                            const int8x16_t a = vld1q_s8(from + 2 * p * advance);
                            const int8x16_t b = vld1q_s8(from + btw_i8mm_partner(p, count) * advance);
                            x[p] = btw_i8mm_low(a, b);
                            more[p] = btw_i8mm_high(a, b);
                        }
                        btw_i8mm_step(&sums, pairs, x, vld1q_s8_x4(w));
                        w += 64;
                        BTW_MOVED(w);
                        btw_i8mm_step(&sums, pairs, more, vld1q_s8_x4(w));
                        w += 64;
                        BTW_MOVED(w);
                    }
                    if (left > 0) {
                        int8x16_t x[4];
                        BTW_UNROLL for (int p = 0; p < pairs; p++) x[p] = vcombine_s8(
                            vld1_s8(from + 2 * p * advance), vld1_s8(from + btw_i8mm_partner(p, count) * advance));
                        btw_i8mm_step(&sums, pairs, x, vld1q_s8_x4(w));
                        w += 64;
                    }
                }
            }
            const int32x4_t f0 = vld1q_s32(factor), f1 = vld1q_s32(factor + 4);
            int8_t few[8 * 8];
            int8_t *const to = outputs < 8 ? few : y + btw_neon_block(block, 8, outputs);
            const int pixel = outputs < 8 ? 8 : layer->pixel;
            BTW_UNROLL for (int p = 0; p < pairs; p++)
            {
                const int32x4_t *const of = sums.of[p];
                const int32x4_t a = btw_i8mm_first(of[0], of[1]), b = btw_i8mm_first(of[2], of[3]);
                vst1_s8(to + 2 * p * pixel, btw_neon_requantized(layer->by_scale, a, b, f0, f1, zero_point));
                if (btw_i8mm_partner(p, count) == 2 * p)
                    break;
                const int32x4_t c = btw_i8mm_second(of[0], of[1]), d = btw_i8mm_second(of[2], of[3]);
                vst1_s8(to + (2 * p + 1) * pixel, btw_neon_requantized(layer->by_scale, c, d, f0, f1, zero_point));
            }
            if (outputs < 8)
                btw_neon_store_few(y, layer->pixel, few, 8, outputs, count);
        }
    }
}

/* `pixels` windows, `advance` bytes apart; an odd one comes last. */
BTW_NEON void btw_i8mm_products(const btw_products_s8_neon *layer, const void *const rows[], int8_t *y, int pixels)
{
    const int even = (btw_neon_tile(pixels, 8) + 1) / 2 * 2, size = even < pixels ? even : pixels;
    BTW_NEON_TILES(BTW_NEON_COUNT_8, btw_i8mm_products_tile, size, layer, rows, y, pixels);
}

#endif
