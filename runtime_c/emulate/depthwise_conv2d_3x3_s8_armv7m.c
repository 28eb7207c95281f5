/* Depthwise 3x3 convolution, int8: the plain C twin of the assembler kernel, reading the same packed layer. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_armv7m.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_3x3_s8_armv7m(const btw_packed_depthwise *layer,
                                                              const void *const rows[], int8_t *y)
{
    static const int columns[3] = {1, 0, 2}; /* in the order of the stream */
    for (int ox = 0; ox < layer->output_width; ox++) {
        const int32_t *stream = layer->stream;
        for (int c = 0; c < layer->channels; c++, stream += 11) {
            int32_t acc = stream[0];
            for (int ky = 0; ky < 3; ky++) {
                const int8_t *const x = (const int8_t *)rows[ky] + ox * layer->stride_width * layer->channels + c;
                for (int i = 0; i < 3; i++)
                    acc += x[columns[i] * layer->column] * stream[1 + 3 * ky + i];
            }
            *y++ = btw_armv7m_code(acc, stream[10], layer->offset, 3);
        }
    }
    btw_unproved_depthwise(layer, rows, y - layer->output_width * layer->channels);
}

#endif
