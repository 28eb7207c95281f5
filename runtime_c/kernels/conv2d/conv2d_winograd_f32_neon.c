/* 2-D convolution 3x3 by Winograd's F(2x2, 3x3), float32, NEON: conv2d_f32_scalar.c within its tolerance. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_f32_neon.h"
#include "btw_winograd_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* v[16][channels, in fours][tiles][4] = B^T d B of tiles of 4x4 pixels side by side, 2 apart; `last`: the last column
 * that is there, from which what no output pixel needs comes as well. The last four channels may overlap those before
 * them. */
BTW_BLOCK void btw_winograd_f32_spread(const float *const rows[4], int channels, int last, float *v, int tiles)
{
    const int position = (channels + 3) / 4 * 4 * tiles;
    for (int ic = 0; ic < channels; ic += 4, v += 4 * tiles) {
        float32x4_t d[2 * BTW_WINOGRAD_TILES + 2][4]; /* [column][row], rows of B^T d */
        BTW_UNROLL for (int ix = 0; ix < 2 * tiles + 2; ix++)
        {
            const int at = (ix > 2 * tiles ? last : ix) * channels + (ic <= channels - 4 ? ic : channels - 4);
            const float32x4_t x0 = vld1q_f32(rows[0] + at), x1 = vld1q_f32(rows[1] + at);
            const float32x4_t x2 = vld1q_f32(rows[2] + at), x3 = vld1q_f32(rows[3] + at);
            d[ix][0] = vsubq_f32(x0, x2);
            d[ix][1] = vaddq_f32(x1, x2);
            d[ix][2] = vsubq_f32(x2, x1);
            d[ix][3] = vsubq_f32(x1, x3);
            if (ix >= 3 && ix % 2) {
                float *to = v + 4 * ((ix - 3) / 2);
                BTW_UNROLL for (int i = 0; i < 4; i++, to += 4 * position)
                {
                    vst1q_f32(to, vsubq_f32(d[ix - 3][i], d[ix - 1][i]));
                    vst1q_f32(to + position, vaddq_f32(d[ix - 2][i], d[ix - 1][i]));
                    vst1q_f32(to + 2 * position, vsubq_f32(d[ix - 1][i], d[ix - 2][i]));
                    vst1q_f32(to + 3 * position, vsubq_f32(d[ix - 2][i], d[ix][i]));
                }
            }
        }
    }
}

/* m[tiles][outputs, in fours], one block of channels of `pixels` tiles of `tiles`. */
BTW_BLOCK void btw_winograd_f32_block(int channels, const float *w, const float *v, float *m, int outputs, int tiles,
                                      int vectors, int pixels)
{
    float32x4_t sums[BTW_MOST_PIXELS][4];
    BTW_UNROLL for (int p = 0; p < pixels; p++)
    {
        BTW_UNROLL for (int i = 0; i < vectors; i++) sums[p][i] = vld1q_f32(w + 4 * i);
        w = btw_in_order(w); /* loads them again, where copies would take an instruction a vector */
    }
    w += 4 * vectors;
    for (int fours = channels / 4; fours > 0; fours--, v += 4 * tiles)
        w = btw_add_run(sums, v, 4, 4, w, vectors, pixels);
    if (channels % 4)
        btw_add_run(sums, v + 4 - channels % 4, 4, channels % 4, w, vectors, pixels);
    BTW_MOVED(m);
    BTW_UNROLL for (int p = 0; p < pixels; p++) BTW_UNROLL for (int i = 0; i < vectors; i++)
        vst1q_f32(m + p * outputs + 4 * i, sums[p][i]);
}

BTW_BLOCK void btw_winograd_f32_channels(int channels, const float *w, const float *v, float *m, int outputs, int tiles,
                                         int vectors, int most)
{
    int p = 0;
    BTW_UNROLL for (; p + most <= tiles; p += most)
        btw_winograd_f32_block(channels, w, v + 4 * p, m + p * outputs, outputs, tiles, vectors, most);
    if (tiles - p == 3)
        btw_winograd_f32_block(channels, w, v + 4 * p, m + p * outputs, outputs, tiles, vectors, 3);
    else if (tiles - p == 2)
        btw_winograd_f32_block(channels, w, v + 4 * p, m + p * outputs, outputs, tiles, vectors, 2);
    else if (tiles - p == 1)
        btw_winograd_f32_block(channels, w, v + 4 * p, m + p * outputs, outputs, tiles, vectors, 1);
}

/* m[16][tiles][outputs, in fours]: the sums of products at each of the 16 positions. */
BTW_BLOCK void btw_winograd_f32_products(int channels, int outputs, const float *w, const float *v, float *m, int tiles)
{
    const int whole = outputs / 16, rest = outputs % 16 / 4, step = 16 * (channels + 1); /* outputs: in fours */
    for (int position = 0; position < 16; position++) {
        for (int block = 0; block < whole; block++, w += step)
            btw_winograd_f32_channels(channels, w, v, m + 16 * block, outputs, tiles, 4, BTW_TILES_OF_4);
        if (rest == 3)
            btw_winograd_f32_channels(channels, w, v, m + 16 * whole, outputs, tiles, 3, BTW_TILES_OF_3);
        else if (rest == 2)
            btw_winograd_f32_channels(channels, w, v, m + 16 * whole, outputs, tiles, 2, BTW_TILES_OF_2);
        else if (rest == 1)
            btw_winograd_f32_channels(channels, w, v, m + 16 * whole, outputs, tiles, 1, BTW_TILES_OF_1);
        w += 4 * rest * (channels + 1);
        v += (channels + 3) / 4 * 4 * tiles;
        m += tiles * outputs;
    }
}

/* y = clip(A^T m A): two rows of `columns` pixels. */
BTW_BLOCK void btw_winograd_f32_gather(const btw_winograd_f32_neon_layer *layer, const float *m, float *const y[2],
                                       int columns, int tiles)
{
    const int outputs = layer->output_channels, fours = (outputs + 3) / 4 * 4;
    for (int tile = 0; tile < tiles; tile++) {
        for (int oc = 0; oc < outputs; oc += 4, m += 4) {
            float32x4_t sums[2][4]; /* A^T m */
            BTW_UNROLL for (int i = 0; i < 4; i++)
            {
                const float *const from = m + i * tiles * fours;
                const float32x4_t m0 = vld1q_f32(from), m1 = vld1q_f32(from + 4 * tiles * fours);
                const float32x4_t m2 = vld1q_f32(from + 8 * tiles * fours);
                const float32x4_t m3 = vld1q_f32(from + 12 * tiles * fours);
                sums[0][i] = vaddq_f32(vaddq_f32(m0, m1), m2);
                sums[1][i] = vsubq_f32(vsubq_f32(m1, m2), m3);
            }
            const int count = outputs % 4 && outputs - oc < 4 ? outputs - oc : 4;
            BTW_UNROLL for (int i = 0; i < 2; i++)
            {
                float *const to = y[i] + 2 * tile * outputs + oc;
                const float32x4_t left = vaddq_f32(vaddq_f32(sums[i][0], sums[i][1]), sums[i][2]);
                const float32x4_t right = vsubq_f32(vsubq_f32(sums[i][1], sums[i][2]), sums[i][3]);
                btw_store(to, btw_clip(left, layer->low, layer->high), count);
                if (2 * tile + 1 < columns)
                    btw_store(to + outputs, btw_clip(right, layer->low, layer->high), count);
            }
        }
    }
}

BTW_BLOCK void btw_winograd_f32_tiles(const btw_winograd_f32_neon_layer *layer, const void *const rows[], int ox,
                                      float *const y[2], float *v, int columns, int tiles)
{
    const int channels = layer->input_channels, outputs = layer->output_channels;
    const int first = ox * channels, last = columns % 2 ? 2 * tiles : 2 * tiles + 1;
    const float *const x[4] = {(const float *)rows[0] + first, (const float *)rows[1] + first,
                               (const float *)rows[2] + first, (const float *)rows[3] + first};
    float *const to[2] = {y[0] + ox * outputs, y[1] + ox * outputs};
    float *const m = v + 16 * tiles * ((channels + 3) / 4 * 4);
    btw_winograd_f32_spread(x, channels, last, v, tiles);
    btw_winograd_f32_products(channels, (outputs + 3) / 4 * 4, layer->weights, v, m, tiles);
    btw_winograd_f32_gather(layer, m, to, columns, tiles);
}

BTW_KERNEL BTW_FOLDED void btw_conv2d_winograd_f32_neon(const btw_winograd_f32_neon_layer *layer,
                                                        const void *const rows[], float *const y[2], void *scratch)
{
    BTW_WINOGRAD_PAIR(btw_winograd_f32_tiles, layer, rows, y, scratch);
}

#endif
