/* 2-D convolution of few channels, int8, SMMLA: the bits of conv2d_s8_scalar.c. Needs Armv8.6-A. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_s8_i8mm.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_conv2d_windows_s8_i8mm(const btw_conv2d_windows_s8_neon_layer *layer,
                                                      const void *const rows[], int8_t *y, void *scratch)
{
    const void *const windows[] = {scratch};
    for (int ox = 0; ox < layer->output_width; ox += BTW_NEON_WINDOWS, y += BTW_NEON_WINDOWS * layer->products.pixel) {
        const int count = btw_neon_windows(layer, rows, ox, scratch);
        btw_i8mm_products(&layer->products, windows, y, count);
    }
}

#endif
