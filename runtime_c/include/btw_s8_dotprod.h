/* Sums of products by SDOT, int8: tiles of up to 8 pixels by 8 channels. Needs Armv8.2-A with dot products. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_S8_DOTPROD_H
#define BTW_S8_DOTPROD_H

#include "btw_s8_neon.h"

/* As their namesakes in btw_s8_neon.h. */
#if !defined(BTW_INLINE_KERNELS)
void btw_linear_s8_dotprod(const btw_products_s8_neon *layer, const int8_t *x, int8_t *y, int pixels);
void btw_conv2d_s8_dotprod(const btw_conv2d_s8_neon_layer *layer, const void *const rows[], int8_t *y);
void btw_conv2d_windows_s8_dotprod(const btw_conv2d_windows_s8_neon_layer *layer, const void *const rows[], int8_t *y,
                                   void *scratch);
void btw_depthwise_conv2d_3x3_s8_dotprod(const btw_depthwise_conv2d_s8_neon_layer *layer, const void *const rows[],
                                         int8_t *y);
#endif

/* Sums of up to 8 pixels: channels 0 to 3, and 4 to 7. */
typedef struct {
    int32x4_t low[8], high[8];
} btw_dotprod_sums;

/* Four inputs of each pixel: lane `lane` of x. */
#define BTW_DOTPROD_STEP(sums, count, x, w0, w1, lane)                                                                 \
    BTW_UNROLL for (int p = 0; p < count; p++)                                                                         \
    {                                                                                                                  \
        sums.low[p] = vdotq_laneq_s32(sums.low[p], w0, x[p], lane);                                                    \
        sums.high[p] = vdotq_laneq_s32(sums.high[p], w1, x[p], lane);                                                  \
    }

/* The same with the next weights. */
#define BTW_DOTPROD_NEXT(sums, count, x, w, lane)                                                                      \
    {                                                                                                                  \
        const int8x16x2_t next_weights = vld1q_s8_x2(w);                                                               \
        w += 32;                                                                                                       \
        BTW_DOTPROD_STEP(sums, count, x, next_weights.val[0], next_weights.val[1], lane)                               \
    }

/* `count` pixels, the first one's window `at` bytes behind that of ox = 0. */
BTW_NEON void btw_dotprod_products_tile(const int count, const btw_products_s8_neon *layer, const void *const rows[],
                                        int at, int8_t *y)
{
    const int8_t *w = layer->weights;
    const int32_t *bias = layer->bias, *factor = layer->factor;
    const int16x8_t zero_point = vdupq_n_s16((int16_t)layer->zero_point);
    const int outputs = layer->outputs, blocks = (outputs + 7) / 8, advance = layer->advance;
    for (int group = 0; group < layer->groups; group++, at += layer->group, y += outputs) {
        for (int block = 0; block < blocks; block++, bias += 8, factor += 8) {
            btw_dotprod_sums sums;
            BTW_UNROLL for (int p = 0; p < count; p++)
            {
                sums.low[p] = vld1q_s32(bias);
                sums.high[p] = vld1q_s32(bias + 4);
            }
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *piece = (const int8_t *)rows[ky] + at;
                for (int i = 0; i < layer->parts; i++, piece += layer->next) {
                    const int8_t *from = piece;
                    int left = layer->length;
                    for (; left >= 16; left -= 16, from += 16) {
                        int8x16_t x[8];
                        BTW_UNROLL for (int p = 0; p < count; p++) x[p] = vld1q_s8(from + p * advance);
                        const int8x16x4_t first = vld1q_s8_x4(w);
                        w += 64;
                        BTW_MOVED(w);
                        BTW_DOTPROD_STEP(sums, count, x, first.val[0], first.val[1], 0)
                        BTW_DOTPROD_STEP(sums, count, x, first.val[2], first.val[3], 1)
                        const int8x16x4_t second = vld1q_s8_x4(w);
                        w += 64;
                        BTW_MOVED(w);
                        BTW_DOTPROD_STEP(sums, count, x, second.val[0], second.val[1], 2)
                        BTW_DOTPROD_STEP(sums, count, x, second.val[2], second.val[3], 3)
                    }
                    if (left > 0) {
                        int8x16_t x[8];
                        BTW_UNROLL for (int p = 0; p < count; p++) x[p] = vld1q_s8(from + p * advance);
                        BTW_DOTPROD_NEXT(sums, count, x, w, 0)
                        if (left > 4)
                            BTW_DOTPROD_NEXT(sums, count, x, w, 1)
                        if (left > 8)
                            BTW_DOTPROD_NEXT(sums, count, x, w, 2)
                        if (left > 12)
                            BTW_DOTPROD_NEXT(sums, count, x, w, 3)
                    }
                }
            }
            const int32x4_t f0 = vld1q_s32(factor), f1 = vld1q_s32(factor + 4);
            int8_t few[8 * 8];
            int8_t *to = outputs < 8 ? few : y + btw_neon_block(block, 8, outputs);
            const int pixel = outputs < 8 ? 8 : layer->pixel;
            BTW_UNROLL for (int p = 0; p < count; p++, to += pixel)
                vst1_s8(to, btw_neon_requantized(layer->by_scale, sums.low[p], sums.high[p], f0, f1, zero_point));
            if (outputs < 8)
                btw_neon_store_few(y, layer->pixel, few, 8, outputs, count);
        }
    }
}

/* One output channel in all. */
BTW_NEON void btw_dotprod_channel_tile(const int count, const btw_products_s8_neon *layer, const void *const rows[],
                                       int at, int8_t *y)
{
    const int8_t *w = layer->weights;
    const int advance = layer->advance;
    int32x4_t sums[8];
    BTW_UNROLL for (int p = 0; p < count; p++) sums[p] = vdupq_n_s32(0);
    for (int ky = 0; ky < layer->kernel_height; ky++) {
        const int8_t *piece = (const int8_t *)rows[ky] + at;
        for (int i = 0; i < layer->parts; i++, piece += layer->next) {
            const int8_t *from = piece;
            for (int left = layer->length; left > 0; left -= 16, from += 16, w += 16) {
                const int8x16_t weights = vld1q_s8(w);
                BTW_UNROLL for (int p = 0; p < count; p++) sums[p] =
                    vdotq_s32(sums[p], weights, vld1q_s8(from + p * advance));
            }
        }
    }
    btw_neon_store_pixels(count, layer, sums, y);
}

/* `pixels` windows, `advance` bytes apart. */
BTW_NEON void btw_dotprod_products(const btw_products_s8_neon *layer, const void *const rows[], int8_t *y, int pixels)
{
    if (layer->outputs == 1 && layer->groups == 1) {
        BTW_NEON_CHANNEL(btw_dotprod_channel_tile, layer, rows, y, pixels);
    } else {
        const int size = btw_neon_tile(pixels, 8);
        BTW_NEON_TILES(BTW_NEON_COUNT_8, btw_dotprod_products_tile, size, layer, rows, y, pixels);
    }
}

#endif
