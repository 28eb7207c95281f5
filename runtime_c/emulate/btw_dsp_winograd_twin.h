/* Plain C of what btw_dsp_winograd.h has in assembler, reading the same layers: for hosts, where tests run it. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_DSP_WINOGRAD_TWIN_H
#define BTW_DSP_WINOGRAD_TWIN_H

static inline int8_t btw_winograd_proved(int32_t sum, int32_t multiplier, int32_t offset)
{
    return btw_clamp_s8((offset + (int32_t)(((int64_t)sum * multiplier) >> 32)) >> 5);
}

static inline int8_t btw_winograd_by_scale(int32_t sum, int32_t scale_bits, int32_t offset)
{
    return btw_dsp_by_scale(sum / 4, scale_bits, offset);
}

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

static inline void btw_winograd_rows_by(const btw_packed_conv2d *layer, const void *const rows[], int8_t *const y[],
                                        void *scratch, btw_dsp_code *code)
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
                        const int32_t multiplier = stream[128 * quads + 4 + lane];
                        y[oy][(first + i) * channels + oc] = code((int32_t)two[i], multiplier, layer->taps.offset);
                    }
                }
            }
        }
    }
}

static inline void btw_winograd_rows(const btw_packed_conv2d *layer, const void *const rows[], int8_t *const y[],
                                     void *scratch)
{
    btw_winograd_rows_by(layer, rows, y, scratch, btw_winograd_proved);
}

static inline void btw_winograd_rows_float(const btw_packed_conv2d *layer, const void *const rows[], int8_t *const y[],
                                           void *scratch)
{
    btw_winograd_rows_by(layer, rows, y, scratch, btw_winograd_by_scale);
}

#endif
