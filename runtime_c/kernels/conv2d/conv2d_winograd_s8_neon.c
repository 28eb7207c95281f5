/* 2-D convolution 3x3 by Winograd's F(2x2, 3x3), int8, SMLAL: the bits of conv2d_s8_scalar.c. Needs NEON. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_s8_neon.h"
#include "btw_winograd_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* v[16][channels, in eights][tiles][8] = B^T d B of tiles of 4x4 pixels side by side, 2 apart; `last`: the last column
 * that is there, from which what no output pixel needs comes as well. */
BTW_NEON void btw_winograd_s8_spread(const int8_t *const rows[4], int channels, int last, int16_t *v, int tiles)
{
    const int position = (channels + 7) / 8 * 8 * tiles;
    for (int ic = 0; ic < channels; ic += 8, v += 8 * tiles) {
        int16x8_t d[2 * BTW_WINOGRAD_TILES + 2][4]; /* [column][row], rows of B^T d */
        BTW_UNROLL for (int ix = 0; ix < 2 * tiles + 2; ix++)
        {
            const int at = (ix > 2 * tiles ? last : ix) * channels + ic;
            const int8x8_t x0 = vld1_s8(rows[0] + at), x1 = vld1_s8(rows[1] + at);
            const int8x8_t x2 = vld1_s8(rows[2] + at), x3 = vld1_s8(rows[3] + at);
            d[ix][0] = vsubl_s8(x0, x2);
            d[ix][1] = vaddl_s8(x1, x2);
            d[ix][2] = vsubl_s8(x2, x1);
            d[ix][3] = vsubl_s8(x1, x3);
            if (ix >= 3 && ix % 2) {
                int16_t *to = v + 8 * ((ix - 3) / 2);
                BTW_UNROLL for (int i = 0; i < 4; i++, to += 4 * position)
                {
                    vst1q_s16(to, vsubq_s16(d[ix - 3][i], d[ix - 1][i]));
                    vst1q_s16(to + position, vaddq_s16(d[ix - 2][i], d[ix - 1][i]));
                    vst1q_s16(to + 2 * position, vsubq_s16(d[ix - 1][i], d[ix - 2][i]));
                    vst1q_s16(to + 3 * position, vsubq_s16(d[ix - 2][i], d[ix][i]));
                }
            }
        }
    }
}

/* The same pointer. Compilers load nothing behind it earlier, so that registers suffice. */
BTW_NEON const int16_t *btw_winograd_s8_in_order(const int16_t *w)
{
    __asm__ volatile("" : "+r"(w));
    return w;
}

/* Channel `i` of each of `count` tiles, where there is one: 8 or 16 output channels. */
#define BTW_WINOGRAD_STEP(i)                                                                                           \
    if (left > i) {                                                                                                    \
        if (i % together == 0) {                                                                                       \
            btw_neon_load_wide(weights, w, together *vectors);                                                         \
            w = btw_winograd_s8_in_order(w + 8 * together * vectors);                                                  \
        }                                                                                                              \
        BTW_UNROLL for (int k = 0; k < vectors; k++) BTW_UNROLL for (int p = 0; p < count; p++)                        \
        {                                                                                                              \
            BTW_NEON_LANE(sums[p][2 * k], sums[p][2 * k + 1], weights[i % together * vectors + k], x[p], i);           \
        }                                                                                                              \
        if ((i + 1) % together == 0) {                                                                                 \
            BTW_AFTER(w, sums[0][1], sums[1 % count][1], sums[2 % count][1], sums[3 % count][1]);                      \
        }                                                                                                              \
    }

/* m[count][outputs, in eights]: one block of 8 or 16 output channels of `count` tiles of `tiles`. */
BTW_NEON void btw_winograd_s8_block(int channels, const int32_t *start, const int16_t *w, const int16_t *v, int32_t *m,
                                    int outputs, int tiles, int vectors, int count)
{
    int32x4_t sums[4][4];
    BTW_UNROLL for (int p = 0; p < count; p++)
    {
        BTW_UNROLL for (int i = 0; i < 2 * vectors; i++) sums[p][i] = vld1q_s32(start + 4 * i);
        BTW_MOVED(start); /* loads them again, where copies would take an instruction a vector */
    }
    const int together = BTW_NEON_WIDE_TOGETHER(vectors);
    int16x8_t x[4], weights[4];
    for (int left = channels; left > 0; left -= 8, v += 8 * tiles) {
        BTW_UNROLL for (int p = 0; p < count; p++) x[p] = vld1q_s16(v + 8 * p);
        BTW_WINOGRAD_STEP(0)
        BTW_WINOGRAD_STEP(1)
        BTW_WINOGRAD_STEP(2)
        BTW_WINOGRAD_STEP(3)
        BTW_WINOGRAD_STEP(4)
        BTW_WINOGRAD_STEP(5)
        BTW_WINOGRAD_STEP(6)
        BTW_WINOGRAD_STEP(7)
    }
    BTW_MOVED(m);
    BTW_UNROLL for (int p = 0; p < count; p++) BTW_UNROLL for (int i = 0; i < 2 * vectors; i++)
        vst1q_s32(m + p * outputs + 4 * i, sums[p][i]);
}

BTW_NEON void btw_winograd_s8_channels(int channels, const int32_t *start, const int16_t *w, const int16_t *v,
                                       int32_t *m, int outputs, int tiles, int vectors)
{
    const int most = tiles < BTW_NEON_TILES_TOGETHER ? tiles : BTW_NEON_TILES_TOGETHER;
    BTW_UNROLL for (int p = 0; p + most <= tiles; p += most)
        btw_winograd_s8_block(channels, start, w, v + 8 * p, m + p * outputs, outputs, tiles, vectors, most);
    if (tiles % most)
        btw_winograd_s8_block(channels, start, w, v + 8 * (tiles - 1), m + (tiles - 1) * outputs, outputs, tiles,
                              vectors, 1);
}

/* m[16][tiles][outputs, in eights]: the sums of products at each of the 16 positions. */
BTW_NEON void btw_winograd_s8_products(const btw_winograd_s8_neon_layer *layer, const int16_t *v, int32_t *m, int tiles)
{
    const int channels = layer->input_channels, outputs = (layer->output_channels + 7) / 8 * 8;
    const int16_t *w = layer->weights;
    for (int position = 0; position < 16; position++) {
        const int32_t *const start = layer->bias + (position == 5 ? outputs : 0);
        int oc = 0;
        for (; oc <= outputs - 16; oc += 16, w += 16 * ((channels + 1) / 2 * 2))
            btw_winograd_s8_channels(channels, start + oc, w, v, m + oc, outputs, tiles, 2);
        if (outputs % 16) {
            btw_winograd_s8_channels(channels, start + oc, w, v, m + oc, outputs, tiles, 1);
            w += 8 * ((channels + 3) / 4 * 4);
        }
        v += (channels + 7) / 8 * 8 * tiles;
        m += tiles * outputs;
    }
}

/* sums[2][2] = A^T m A of four channels; positions lie `step` apart. */
BTW_NEON void btw_winograd_s8_sums(int32x4_t sums[4], const int32_t *m, int step)
{
    int32x4_t rows[2][4];
    BTW_UNROLL for (int i = 0; i < 4; i++, m += step)
    {
        const int32x4_t m0 = vld1q_s32(m), m1 = vld1q_s32(m + 4 * step);
        const int32x4_t m2 = vld1q_s32(m + 8 * step), m3 = vld1q_s32(m + 12 * step);
        rows[0][i] = vaddq_s32(vaddq_s32(m0, m1), m2);
        rows[1][i] = vsubq_s32(vsubq_s32(m1, m2), m3);
    }
    BTW_UNROLL for (int i = 0; i < 2; i++)
    {
        sums[2 * i] = vaddq_s32(vaddq_s32(rows[i][0], rows[i][1]), rows[i][2]);
        sums[2 * i + 1] = vsubq_s32(vsubq_s32(rows[i][1], rows[i][2]), rows[i][3]);
    }
}

/* Codes of four times the sums of the scalar kernel. */
BTW_NEON int8x8_t btw_winograd_s8_codes(int by_scale, int32x4_t low, int32x4_t high, int32x4_t f0, int32x4_t f1,
                                        int16x8_t zero_point)
{
    if (by_scale)
        return btw_neon_by_scale(low, high, f0, f1, zero_point);
    const int16x8_t codes = btw_neon_sixty_fourths(vqdmulhq_s32(low, f0), vqdmulhq_s32(high, f1));
    return vqmovn_s16(vqaddq_s16(codes, zero_point));
}

/* The codes of A^T m A: two rows of `columns` pixels. */
BTW_NEON void btw_winograd_s8_gather(const btw_winograd_s8_neon_layer *layer, const int32_t *m, int8_t *const y[2],
                                     int columns, int tiles)
{
    const int outputs = layer->output_channels, eights = (outputs + 7) / 8 * 8;
    const int16x8_t zero_point = vdupq_n_s16((int16_t)layer->zero_point);
    const int32_t *factor = layer->factor;
    for (int block = 0; block < eights / 8; block++, factor += 8) {
        const int oc = btw_neon_block(block, 8, outputs);
        const int32x4_t f0 = vld1q_s32(factor), f1 = vld1q_s32(factor + 4);
        for (int tile = 0; tile < tiles; tile++) {
            int32x4_t low[4], high[4];
            const int32_t *const from = m + tile * eights + oc;
            btw_winograd_s8_sums(low, from, tiles * eights);
            btw_winograd_s8_sums(high, from + 4, tiles * eights);
            BTW_UNROLL for (int i = 0; i < 4; i++) if (2 * tile + i % 2 < columns)
            {
                const int8x8_t codes = btw_winograd_s8_codes(layer->by_scale, low[i], high[i], f0, f1, zero_point);
                int8_t *const to = y[i / 2] + (2 * tile + i % 2) * outputs + oc;
                if (outputs >= 8) {
                    vst1_s8(to, codes);
                } else {
                    int8_t few[8];
                    vst1_s8(few, codes);
                    btw_neon_store_few(to, outputs, few, 8, outputs, 1);
                }
            }
        }
    }
}

BTW_NEON void btw_winograd_s8_tiles(const btw_winograd_s8_neon_layer *layer, const void *const rows[], int ox,
                                    int8_t *const y[2], int16_t *v, int columns, int tiles)
{
    const int channels = layer->input_channels, outputs = layer->output_channels;
    const int first = ox * channels, last = columns % 2 ? 2 * tiles : 2 * tiles + 1;
    const int8_t *const x[4] = {(const int8_t *)rows[0] + first, (const int8_t *)rows[1] + first,
                                (const int8_t *)rows[2] + first, (const int8_t *)rows[3] + first};
    int8_t *const to[2] = {y[0] + ox * outputs, y[1] + ox * outputs};
    int32_t *const m = (void *)(v + 16 * tiles * ((channels + 7) / 8 * 8));
    btw_winograd_s8_spread(x, channels, last, v, tiles);
    btw_winograd_s8_products(layer, v, m, tiles);
    btw_winograd_s8_gather(layer, m, to, columns, tiles);
}

BTW_KERNEL BTW_FOLDED void btw_conv2d_winograd_s8_neon(const btw_winograd_s8_neon_layer *layer,
                                                       const void *const rows[], int8_t *const y[2], void *scratch)
{
    BTW_WINOGRAD_PAIR(btw_winograd_s8_tiles, layer, rows, y, scratch);
}

#endif
