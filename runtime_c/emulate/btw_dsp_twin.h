/* Plain C of what btw_dsp.h has in assembler, reading the same packed layers: for hosts, where tests run it. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_DSP_TWIN_H
#define BTW_DSP_TWIN_H

static __attribute__((unused)) void btw_dsp_windows(const btw_dsp_taps *taps, const void *const rows[], int step,
                                                    int8_t *y, int pixels, void *scratch)
{
    const int channels = taps->output_channels, quads = taps->rows * ((taps->row_bytes + 3) / 4);
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
                    const int32_t even = stream[4 + 8 * quad + lane], odd = stream[8 + 8 * quad + lane];
                    const int16_t *const taps4 = x + 4 * quad;
                    acc += (uint32_t)(taps4[0] * (int16_t)even) + (uint32_t)(taps4[2] * (even >> 16));
                    acc += (uint32_t)(taps4[1] * (int16_t)odd) + (uint32_t)(taps4[3] * (odd >> 16));
                }
                const int32_t multiplier = stream[4 + 8 * quads + lane];
                const int32_t high = (int32_t)(((int64_t)(int32_t)acc * multiplier) >> 32);
                if (first + lane < channels)
                    y[first + lane] = btw_clamp_s8((taps->offset + high) >> 3);
            }
            stream += 8 + 8 * quads;
        }
    }
}

#endif
