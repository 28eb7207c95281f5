/* 3x3 convolution by Winograd's F(2x2, 3x3), int8: the plain C twin of the assembler kernel, reading the same layer. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* V of a tile at x in channel c, [4][4] */
static inline void btw_winograd_input(const void *const rows[], int x, int step, int32_t v[16])
{
    int32_t sums[4][4];
    for (int i = 0; i < 4; i++) {
        int32_t d[4];
        for (int ky = 0; ky < 4; ky++)
            d[ky] = ((const int8_t *)rows[ky])[x + i * step];
        sums[0][i] = d[0] - d[2];
        sums[1][i] = d[1] + d[2];
        sums[2][i] = d[2] - d[1];
        sums[3][i] = d[1] - d[3];
    }
    for (int i = 0; i < 4; i++, v += 4) {
        v[0] = sums[i][0] - sums[i][2];
        v[1] = sums[i][1] + sums[i][2];
        v[2] = sums[i][2] - sums[i][1];
        v[3] = sums[i][1] - sums[i][3];
    }
}

BTW_KERNEL void btw_conv2d_winograd_s8_dsp(const btw_packed_conv2d *layer, const void *const rows[], int8_t *const y[],
                                           void *scratch)
{
    const int inputs = layer->pixel_step, channels = layer->taps.output_channels, width = layer->output_width;
    const int quads = (inputs + 3) / 4;
    int16_t *const v = (int16_t *)((uint8_t *)scratch + 512); /* [position][channel] */
    for (int ox = 0; ox < width; ox += 2) {
        const int first = ox + 2 > width ? width - 2 : ox;
        for (int i = 0; i < 4 * quads; i++) {
            const int c = i / 4 * 4 + 4 > inputs ? i - i / 4 * 4 + inputs - 4 : i;
            int32_t values[16];
            btw_winograd_input(rows, first * inputs + c, inputs, values);
            for (int position = 0; position < 16; position++)
                v[position * 4 * quads + i] = (int16_t)values[position];
        }
        const int32_t *stream = layer->taps.stream;
        for (int block = 0; block < channels; block += 4, stream += 128 * quads + 8) {
            for (int lane = 0; lane < 4; lane++) {
                const int oc = (block + 4 > channels ? channels - 4 : block) + lane;
                uint32_t m[16];
                for (int position = 0; position < 16; position++) {
                    m[position] = position == 5 ? (uint32_t)stream[128 * quads + lane] : 0;
                    for (int quad = 0; quad < quads; quad++) {
                        const int at = position * quads + quad;
                        const int32_t even = stream[8 * at + lane], odd = stream[8 * at + 4 + lane];
                        const int16_t *const x = v + 4 * at;
                        m[position] += (uint32_t)(x[0] * (int16_t)even) + (uint32_t)(x[2] * (even >> 16));
                        m[position] += (uint32_t)(x[1] * (int16_t)odd) + (uint32_t)(x[3] * (odd >> 16));
                    }
                }
                uint32_t sums[2][4];
                for (int j = 0; j < 4; j++) {
                    sums[0][j] = m[j] + m[4 + j] + m[8 + j];
                    sums[1][j] = m[4 + j] - m[8 + j] - m[12 + j];
                }
                for (int oy = 0; oy < 2; oy++) {
                    const uint32_t two[2] = {sums[oy][0] + sums[oy][1] + sums[oy][2],
                                             sums[oy][1] - sums[oy][2] - sums[oy][3]};
                    for (int i = 0; i < 2; i++) {
                        const int64_t product = (int64_t)(int32_t)two[i] * stream[128 * quads + 4 + lane];
                        y[oy][(first + i) * channels + oc] =
                            btw_clamp_s8((layer->taps.offset + (int32_t)(product >> 32)) >> 5);
                    }
                }
            }
        }
    }
    btw_unproved_conv2d(layer, rows, y[0]);
    btw_unproved_conv2d(layer, rows + 1, y[1]);
}

#endif
