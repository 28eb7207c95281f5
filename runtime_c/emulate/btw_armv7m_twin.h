/* Plain C of what btw_armv7m.h has in assembler, reading the same packed layers: for hosts, where tests run it. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_ARMV7M_TWIN_H
#define BTW_ARMV7M_TWIN_H

#include "btw_two_lanes_twin.h"

static inline int8_t btw_armv7m_code(int32_t acc, int32_t multiplier, int32_t offset, int shift)
{
    return btw_clamp_s8((offset + (int32_t)(((int64_t)acc * multiplier) >> 32)) >> shift);
}

static inline void btw_armv7m_windows(const btw_packed_taps *layer, const void *const rows[], int step, int8_t *y,
                                      int pixels, void *scratch)
{
    const int channels = layer->output_channels, count = layer->rows * layer->row_bytes, taps = (count + 3) & ~3;
    const int copied = layer->rows > 1 || layer->row_bytes & 3;
    for (int pixel = 0; pixel < pixels; pixel++, y += channels) {
        const int8_t *x = (const int8_t *)rows[0] + pixel * step;
        if (copied) {
            int8_t *to = scratch;
            for (int row = 0; row < layer->rows; row++, to += layer->row_bytes)
                memcpy(to, (const int8_t *)rows[row] + pixel * step, (size_t)layer->row_bytes);
            memset(to, 0x55, (size_t)(taps - count)); /* meets weights of zero */
            x = scratch;
        }
        const int32_t *stream = layer->stream;
        for (int block = 0; block < channels; block += 4) {
            const int first = channels < 4 ? 0 : block + 4 > channels ? channels - 4 : block;
            for (int two = 0; two < 2; two++) {
                int32_t sums[2];
                btw_two_lanes(stream, two, x, NULL, taps, sums);
                for (int i = 0; i < 2; i++)
                    if (first + 2 * two + i < channels)
                        y[first + 2 * two + i] =
                            btw_armv7m_code(sums[i], stream[5 + 2 * taps + 2 * two + i], layer->offset, layer->shift);
            }
            stream += 9 + 2 * taps;
        }
    }
}

static inline void btw_armv7m_windows_compact(const btw_packed_taps *layer, const void *const rows[], int step,
                                              int8_t *y, int pixels, void *scratch)
{
    const int channels = layer->output_channels, taps = layer->rows * layer->row_bytes;
    int8_t *const x = scratch;
    for (int pixel = 0; pixel < pixels; pixel++, y += channels) {
        const int8_t *from = (const int8_t *)rows[0] + pixel * step;
        if (layer->rows > 1) {
            for (int row = 0; row < layer->rows; row++)
                memcpy(x + pixel % 2 * taps + row * layer->row_bytes, (const int8_t *)rows[row] + pixel * step,
                       (size_t)layer->row_bytes);
            from = x + pixel % 2 * taps;
        }
        const int32_t *stream = layer->stream;
        for (int block = 0; block < channels; block += 4, stream += 8 + taps) {
            const int first = channels < 4 ? 0 : block + 4 > channels ? channels - 4 : block;
            const int8_t *const weights = (const int8_t *)(stream + 4);
            for (int lane = 0; lane < 4 && first + lane < channels; lane++) {
                int32_t acc = stream[lane];
                for (int tap = 0; tap < taps; tap++)
                    acc += from[tap] * weights[4 * tap + lane];
                y[first + lane] = btw_armv7m_code(acc, stream[4 + taps + lane], layer->offset, 3);
            }
        }
    }
}

static inline void btw_armv7m_depthwise_rows(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y,
                                             const int8_t **pointers)
{
    (void)pointers;
    const int channels = layer->channels, taps = layer->kernel_height * layer->kernel_width;
    for (int ox = 0; ox < layer->output_width; ox++, y += channels) {
        const int32_t *stream = layer->stream;
        for (int c = 0; c < channels; c += 4, stream += 8 + 4 * taps) {
            const int first = c + 4 > channels ? channels - 4 : c;
            for (int lane = 0; lane < 4; lane++) {
                const int at = ox * layer->stride_width * channels + first + lane;
                int32_t acc = stream[lane];
                for (int tap = 0; tap < taps; tap++) {
                    const int8_t *const row = rows[tap / layer->kernel_width];
                    acc += row[at + tap % layer->kernel_width * layer->column] * stream[4 + 4 * tap + lane];
                }
                y[first + lane] = btw_armv7m_code(acc, stream[4 + 4 * taps + lane], layer->offset, layer->shift);
            }
        }
    }
}

#endif
