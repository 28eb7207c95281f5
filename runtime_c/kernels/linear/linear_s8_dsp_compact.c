/* Fully connected layer or 1x1 convolution, int8, Armv7E-M, weights of one byte: equals btw_linear_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_linear_s8_dsp_compact(const btw_packed_taps *layer, const int8_t *x, int8_t *y,
                                                     int pixels, void *scratch)
{
    const void *const rows[] = {x};
    btw_dsp_windows_compact(layer, rows, layer->row_bytes, y, pixels, scratch);
    btw_unproved_taps(layer, rows, layer->row_bytes, y, pixels);
}

#endif
