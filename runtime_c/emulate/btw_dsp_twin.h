/* Plain C of what btw_dsp.h has in assembler, reading the same packed layers: for hosts, where tests run it. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_DSP_TWIN_H
#define BTW_DSP_TWIN_H

typedef int8_t btw_dsp_code(int32_t acc, int32_t multiplier, int32_t offset);

static inline int8_t btw_dsp_proved(int32_t acc, int32_t multiplier, int32_t offset)
{
    return btw_clamp_s8((offset + (int32_t)(((int64_t)acc * multiplier) >> 32)) >> 3);
}

static inline int8_t btw_dsp_by_scale(int32_t acc, int32_t scale_bits, int32_t offset)
{
    float scale;
    memcpy(&scale, &scale_bits, sizeof scale);
    float code = (float)acc * scale;
    code = code < -512.0f ? -512.0f : code > 512.0f ? 512.0f : code;
    return btw_clamp_s8((int32_t)btw_round_half_even(code) + offset);
}

static inline void btw_dsp_windows_by(const btw_packed_taps *taps, const void *const rows[], int step, int8_t *y,
                                      int pixels, void *scratch, btw_dsp_code *code, int compact)
{
    const int channels = taps->output_channels, quads = taps->rows * ((taps->row_bytes + 3) / 4);
    const int words = compact ? 4 : 8; /* a quad */
    int16_t *const x = scratch;
    for (int pixel = 0; pixel < pixels; pixel++, y += channels) {
        int16_t *widened = x;
        for (int row = 0; row < taps->rows; row++) {
            const int8_t *const from = (const int8_t *)rows[row] + pixel * step;
            for (int i = 0; i < taps->row_bytes; i++)
                *widened++ = from[i];
            for (int i = taps->row_bytes; i & 3; i++)
                *widened++ = 0;
        }
        const int32_t *stream = taps->stream;
        for (int block = 0; block < channels; block += 4) {
            const int first = channels < 4 ? 0 : block + 4 > channels ? channels - 4 : block;
            for (int lane = 0; lane < 4; lane++) {
                uint32_t acc = (uint32_t)stream[lane];
                for (int quad = 0; quad < quads; quad++) {
                    const int16_t *const taps4 = x + 4 * quad;
                    if (compact) {
                        const int8_t *const four = (const int8_t *)(stream + 4 + 4 * quad + lane);
                        for (int tap = 0; tap < 4; tap++)
                            acc += (uint32_t)(taps4[tap] * four[tap]);
                        continue;
                    }
                    const int32_t even = stream[4 + 8 * quad + lane], odd = stream[8 + 8 * quad + lane];
                    acc += (uint32_t)(taps4[0] * (int16_t)even) + (uint32_t)(taps4[2] * (even >> 16));
                    acc += (uint32_t)(taps4[1] * (int16_t)odd) + (uint32_t)(taps4[3] * (odd >> 16));
                }
                const int32_t multiplier = stream[4 + words * quads + lane];
                if (first + lane < channels)
                    y[first + lane] = code((int32_t)acc, multiplier, taps->offset);
            }
            stream += 8 + words * quads;
        }
    }
}

static inline void btw_dsp_windows(const btw_packed_taps *taps, const void *const rows[], int step, int8_t *y,
                                   int pixels, void *scratch)
{
    btw_dsp_windows_by(taps, rows, step, y, pixels, scratch, btw_dsp_proved, 0);
}

static inline void btw_dsp_windows_compact(const btw_packed_taps *taps, const void *const rows[], int step, int8_t *y,
                                           int pixels, void *scratch)
{
    btw_dsp_windows_by(taps, rows, step, y, pixels, scratch, btw_dsp_proved, 1);
}

static inline void btw_dsp_windows_float(const btw_packed_taps *taps, const void *const rows[], int step, int8_t *y,
                                         int pixels, void *scratch)
{
    btw_dsp_windows_by(taps, rows, step, y, pixels, scratch, btw_dsp_by_scale, 0);
}

static inline void btw_dsp_depthwise_by(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y,
                                        btw_dsp_code *code)
{
    const int channels = layer->channels, taps = layer->kernel_height * layer->kernel_width;
    for (int ox = 0; ox < layer->output_width; ox++, y += channels) {
        const int32_t *stream = layer->stream;
        for (int c = 0; c < channels; c += 4, stream += 8 + (taps + 1) / 2 * 4) {
            const int first = c + 4 > channels ? channels - 4 : c;
            for (int lane = 0; lane < 4; lane++) {
                const int at = ox * layer->stride_width * channels + first + lane;
                int32_t acc = stream[lane];
                for (int tap = 0; tap < taps; tap++) {
                    const int32_t two = stream[4 + tap / 2 * 4 + lane], w = tap % 2 ? two >> 16 : (int16_t)two;
                    acc += ((const int8_t *)
                                rows[tap / layer->kernel_width])[at + tap % layer->kernel_width * layer->column] *
                           w;
                }
                y[first + lane] = code(acc, stream[4 + (taps + 1) / 2 * 4 + lane], layer->offset);
            }
        }
    }
}

#endif
