/* 2-D convolution of one group, int8, Armv7E-M, weights of one byte: equals btw_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* scratch begins with pointers to the runs of taps where they are apart */
BTW_KERNEL void btw_conv2d_s8_dsp_compact(const btw_dsp_conv2d *layer, const void *const rows[], int8_t *y,
                                          void *scratch)
{
    const void **const runs = scratch;
    if (layer->taps_wide == 0) {
        btw_dsp_windows_compact(&layer->taps, rows, layer->pixel_step, y, layer->output_width, scratch);
        return;
    }
    const void **run = runs;
    for (int ky = 0; ky < layer->kernel_height; ky++)
        for (int kx = 0; kx < layer->taps_wide; kx++)
            *run++ = (const int8_t *)rows[ky] + kx * layer->tap_step;
    const int aligned = (layer->taps.rows + 3) & ~3;
    btw_dsp_windows_compact(&layer->taps, runs, layer->pixel_step, y, layer->output_width, runs + aligned);
}

#endif
