/* Plain C of what btw_f32.h has in assembler, reading the same packed layers: for hosts, where tests run it. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_F32_TWIN_H
#define BTW_F32_TWIN_H

/* The loops are part of btw_f32_windows here. */
static inline void btw_f32_four(const btw_f32_blocks *blocks)
{
    (void)blocks;
}
#define btw_f32_one btw_f32_four
#define btw_f32_mve_four btw_f32_four
#define btw_f32_mve_one btw_f32_four

static inline void btw_f32_windows(const btw_f32_taps *taps, const void *const rows[], int position, int step, float *y,
                                   int y_step, int pixels, float *x, btw_f32_loop *four, btw_f32_loop *one)
{
    (void)x;
    (void)four;
    (void)one;
    const int channels = taps->output_channels, count = taps->runs * taps->length;
    for (int pixel = 0; pixel < pixels; pixel++, y += y_step, position += step) {
        const float *stream = taps->stream;
        for (int block = 0; block < channels; block += 4) {
            const int first = channels < 4 ? 0 : block + 4 > channels ? channels - 4 : block;
            for (int lane = 0; lane < 4; lane++) {
                float sum = stream[lane];
                for (int tap = 0; tap < count; tap++) {
                    const uint8_t *const run = (const uint8_t *)rows[tap / taps->length] + position;
                    sum += ((const float *)run)[tap % taps->length] * stream[4 + 4 * tap + lane];
                }
                if (first + lane < channels)
                    y[first + lane] = sum < taps->low ? taps->low : sum > taps->high ? taps->high : sum;
            }
            stream += 4 + (count + 1) / 2 * 8;
        }
    }
}

static inline void btw_f32_depthwise_twin(const btw_f32_depthwise *layer, const void *const rows[], float *y)
{
    const int channels = layer->channels, taps = layer->kernel_height * layer->kernel_width;
    for (int ox = 0; ox < layer->output_width; ox++, y += channels) {
        const float *stream = layer->stream;
        for (int c = 0; c < channels; c += 4, stream += 4 + 4 * taps) {
            const int first = c + 4 > channels ? channels - 4 : c;
            for (int lane = 0; lane < 4; lane++) {
                float sum = stream[lane];
                for (int tap = 0; tap < taps; tap++) {
                    const uint8_t *const pixel = (const uint8_t *)rows[tap / layer->kernel_width] +
                                                 tap % layer->kernel_width * layer->column +
                                                 ox * layer->stride_width * channels * (int)sizeof *y;
                    sum += ((const float *)pixel)[first + lane] * stream[4 + 4 * tap + lane];
                }
                y[first + lane] = sum < layer->low ? layer->low : sum > layer->high ? layer->high : sum;
            }
        }
    }
}

#endif
