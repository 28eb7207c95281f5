/* Depthwise 3x3 convolution, int8: the plain C twin of the assembler kernel, reading the same packed layer. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_armv6m.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_3x3_s8_armv6m(const btw_packed_depthwise *layer,
                                                              const void *const rows[], int8_t *y)
{
    for (int ox = 0; ox < layer->output_width; ox++) {
        const int32_t *stream = layer->stream;
        for (int c = 0; c < layer->channels; c++, stream += 12) {
            const int at = ox * layer->stride_width * layer->channels + c;
            int32_t acc = stream[0];
            for (int i = 0; i < 9; i++)
                acc += ((const int8_t *)rows[i % 3])[at + i / 3 * layer->column] * stream[1 + i];
            y[ox * layer->channels + c] = btw_armv6m_code(acc, stream + 10, layer->offset, 3);
        }
    }
    btw_unproved_depthwise(layer, rows, y);
}

#endif
