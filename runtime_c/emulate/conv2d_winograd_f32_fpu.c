/* 3x3 convolution by Winograd's F(2x2, 3x3), float32: the plain C twin of the assembler kernel, reading the same layer.
 */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* V of a tile [4][4] from inputs d [4][4] */
static inline void btw_winograd_f32_tile(const float *const d[4], int step, float v[16])
{
    float sums[4][4];
    for (int i = 0; i < 4; i++) {
        const int x = i * step;
        sums[0][i] = d[0][x] - d[2][x];
        sums[1][i] = d[1][x] + d[2][x];
        sums[2][i] = d[2][x] - d[1][x];
        sums[3][i] = d[1][x] - d[3][x];
    }
    for (int i = 0; i < 4; i++, v += 4) {
        v[0] = sums[i][0] - sums[i][2];
        v[1] = sums[i][1] + sums[i][2];
        v[2] = sums[i][2] - sums[i][1];
        v[3] = sums[i][1] - sums[i][3];
    }
}

BTW_KERNEL void btw_conv2d_winograd_f32_fpu(const btw_f32_conv2d *layer, const void *const rows[], float *const y[],
                                            void *scratch)
{
    const int inputs = layer->taps.length / 3, channels = layer->taps.output_channels, width = layer->output_width;
    const int quads = (inputs + 3) / 4;
    float *const v = scratch; /* [channel][position] */
    for (int ox = 0; ox < width; ox += 2) {
        const int first = ox + 2 > width ? width - 2 : ox;
        for (int i = 0; i < 4 * quads; i++) {
            const int c = i / 4 * 4 + 4 > inputs ? i - i / 4 * 4 + inputs - 4 : i;
            const float *d[4];
            for (int ky = 0; ky < 4; ky++)
                d[ky] = (const float *)rows[ky] + first * inputs + c;
            btw_winograd_f32_tile(d, inputs, v + 16 * i);
        }
        const float *stream = layer->taps.stream;
        for (int block = 0; block < channels; block += 4, stream += 256 * quads + 4) {
            for (int lane = 0; lane < 4; lane++) {
                const int oc = (block + 4 > channels ? channels - 4 : block) + lane;
                float m[16];
                for (int position = 0; position < 16; position++) {
                    m[position] = position == 5 ? stream[256 * quads + lane] : 0.0f;
                    for (int i = 0; i < 4 * quads; i++)
                        m[position] += v[16 * i + position] * stream[(position * 4 * quads + i) * 4 + lane];
                }
                float sums[4][2];
                for (int i = 0; i < 4; i++) {
                    sums[i][0] = m[4 * i] + m[4 * i + 1] + m[4 * i + 2];
                    sums[i][1] = m[4 * i + 1] - m[4 * i + 2] - m[4 * i + 3];
                }
                for (int i = 0; i < 2; i++) {
                    y[0][(first + i) * channels + oc] = sums[0][i] + sums[1][i] + sums[2][i];
                    y[1][(first + i) * channels + oc] = sums[1][i] - sums[2][i] - sums[3][i];
                }
            }
        }
    }
    for (int oy = 0; oy < 2; oy++) {
        for (int i = 0; i < width * channels; i++)
            y[oy][i] = y[oy][i] < layer->taps.low    ? layer->taps.low
                       : y[oy][i] > layer->taps.high ? layer->taps.high
                                                     : y[oy][i];
    }
}

#endif
