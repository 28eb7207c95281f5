/* 2-D convolution of one group, int8, Armv7E-M, weights of one byte: equals btw_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_conv2d_s8_dsp_compact(const btw_packed_conv2d *layer, const void *const rows[],
                                                     int8_t *y, void *scratch)
{
    const void *const *const runs = btw_packed_runs(layer, rows, &scratch);
    btw_dsp_windows_compact(&layer->taps, runs, layer->pixel_step, y, layer->output_width, scratch);
    btw_unproved_conv2d(layer, runs, y);
}

#endif
