/* Fully connected layer or 1x1 convolution, int8, Armv7E-M with FPU: btw_linear_s8_dsp for any scales. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_linear_s8_dsp_float(const btw_packed_taps *layer, const int8_t *x, int8_t *y, int pixels,
                                        void *scratch)
{
    const void *const rows[] = {x};
    btw_dsp_windows_float(layer, rows, layer->row_bytes, y, pixels, scratch);
}

#endif
