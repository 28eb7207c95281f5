/* Plain C of what btw_armv6m.h has in assembler, reading the same packed layers: for hosts, where tests run it. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_ARMV6M_TWIN_H
#define BTW_ARMV6M_TWIN_H

#include "btw_two_lanes_twin.h"

/* multiplier: two words */
static inline int8_t btw_armv6m_code(int32_t acc, const int32_t *multiplier, int32_t offset, int shift)
{
    const int32_t high = acc >> 16, low = acc & 0xffff;
    const int32_t middle = high * multiplier[0] + low * multiplier[1];
    const int32_t lowest = (int32_t)(((uint32_t)low * (uint32_t)multiplier[0]) >> 16);
    return btw_clamp_s8((offset + high * multiplier[1] + ((middle + lowest) >> 16)) >> shift);
}

static inline void btw_armv6m_windows(const btw_packed_taps *layer, const void *const rows[], int step, int8_t *y,
                                      int pixels, void *scratch)
{
    int32_t *const x = scratch;
    const int channels = layer->output_channels, bytes = layer->row_bytes, taps = (layer->rows * bytes + 3) & ~3;
    for (int i = layer->rows * bytes; i < taps; i++)
        x[i] = 0x5555; /* meets weights of zero */
    for (int pixel = 0; pixel < pixels; pixel++, y += channels) {
        for (int row = 0; row < layer->rows; row++)
            for (int i = 0; i < bytes; i++)
                x[row * bytes + i] = ((const int8_t *)rows[row])[pixel * step + i];
        const int32_t *stream = layer->stream;
        for (int block = 0; block < channels; block += 4, stream += 13 + 2 * taps) {
            const int first = channels < 4 ? 0 : block + 4 > channels ? channels - 4 : block;
            for (int two = 0; two < 2; two++) {
                int32_t sums[2];
                btw_two_lanes(stream, two, NULL, x, taps, sums);
                for (int i = 0; i < 2; i++)
                    if (first + 2 * two + i < channels)
                        y[first + 2 * two + i] = btw_armv6m_code(sums[i], stream + 5 + 2 * taps + 2 * (2 * two + i),
                                                                 layer->offset, layer->shift);
            }
        }
    }
}

static inline void btw_armv6m_depthwise_rows(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y,
                                             const int8_t **pointers)
{
    (void)pointers;
    const int channels = layer->channels, taps = layer->kernel_height * layer->kernel_width;
    for (int ox = 0; ox < layer->output_width; ox++) {
        const int32_t *stream = layer->stream;
        for (int c = 0; c < channels; c++) {
            const int at = ox * layer->stride_width * channels + c;
            int32_t acc = *stream++;
            for (int tap = 0; tap < taps; tap++) {
                const int8_t *const row = rows[tap / layer->kernel_width];
                acc += row[at + tap % layer->kernel_width * layer->column] * *stream++;
            }
            stream += taps % 2;
            *y++ = btw_armv6m_code(acc, stream, layer->offset, layer->shift);
            stream += 2;
        }
    }
}

#endif
