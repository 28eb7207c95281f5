/* 2-D convolution of one group, int8, Armv7-M: two channels a multiplication, equals btw_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_armv7m.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_conv2d_s8_armv7m(const btw_packed_conv2d *layer, const void *const rows[], int8_t *y,
                                                void *scratch)
{
    const void *const *const runs = btw_packed_runs(layer, rows, &scratch);
    btw_armv7m_windows(&layer->taps, runs, layer->pixel_step, y, layer->output_width, scratch);
    btw_unproved_conv2d(layer, runs, y);
}

#endif
