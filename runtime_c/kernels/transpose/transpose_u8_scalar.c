/* Transpose, any type, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "transpose_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_transpose_u8_scalar(const btw_transpose_u8 *layer, const void *x, void *y)
{
    const uint8_t *from = x;
    uint8_t *to = y;
    for (int image = 0; image < layer->images; image++) {
        for (int column = 0; column < layer->columns; column++) {
            for (int row = 0; row < layer->rows; row++) {
                memcpy(to, from + (row * layer->columns + column) * layer->bytes, (size_t)layer->bytes);
                to += layer->bytes;
            }
        }
        from += layer->rows * layer->columns * layer->bytes;
    }
}

#endif
