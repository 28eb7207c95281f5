/* Depthwise 3x3 convolution, int8: the plain C twin of the assembler kernel, reading the same packed layer. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_3x3_s8_dsp(const btw_packed_depthwise *layer, const void *const rows[],
                                                           int8_t *y)
{
    static const int columns[3] = {1, 2, 0}; /* in the order of the stream */
    for (int ox = 0; ox < layer->output_width; ox++) {
        const int32_t *stream = layer->stream;
        for (int c = 0; c < layer->channels; c += 4, stream += 26) {
            const int first = c + 4 > layer->channels ? layer->channels - 4 : c;
            for (int lane = 0; lane < 4; lane++) {
                const int at = ox * layer->stride_width * layer->channels + first + lane;
                const int8_t *const x[3] = {(const int8_t *)rows[0] + at, (const int8_t *)rows[1] + at,
                                            (const int8_t *)rows[2] + at};
                int32_t acc = stream[lane];
                for (int i = 0; i < 3; i++) {
                    const int32_t w = stream[4 + 4 * i + lane];
                    acc += x[0][columns[i] * layer->column] * (int16_t)w + x[1][columns[i] * layer->column] * (w >> 16);
                }
                const int32_t w = stream[16 + lane], last = stream[20 + lane % 2];
                acc += x[2][layer->column] * (int16_t)w + x[2][2 * layer->column] * (w >> 16);
                acc += x[2][0] * (lane < 2 ? (int16_t)last : last >> 16);
                const int32_t high = (int32_t)(((int64_t)acc * stream[22 + lane]) >> 32);
                y[ox * layer->channels + first + lane] = btw_clamp_s8((layer->offset + high) >> 3);
            }
        }
    }
    btw_unproved_depthwise(layer, rows, y);
}

#endif
