/* Multiplication, int8, 4 at a time: the plain C twin of the assembler kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "mul_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_mul_s8_dsp(const btw_mul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, a += layer->a_pixel, b += layer->b_pixel) {
        for (int c = 0; c < layer->channels; c++) {
            const int32_t factor = a[c * layer->a_channel] - layer->a_zero_point;
            const int32_t product = factor * (b[c * layer->b_channel] - layer->b_zero_point);
            *y++ = btw_requantize(&layer->requantization, 0, product);
        }
    }
}

#endif
