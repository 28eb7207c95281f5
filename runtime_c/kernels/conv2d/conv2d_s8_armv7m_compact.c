/* 2-D convolution of one group, int8, Armv7-M, weights of one byte: equals btw_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_armv7m.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* scratch begins with pointers to the runs of taps where they are apart */
BTW_KERNEL void btw_conv2d_s8_armv7m_compact(const btw_armv7m_conv2d *layer, const void *const rows[], int8_t *y,
                                             void *scratch)
{
    const void *const *from = rows;
    void *free = scratch;
    if (layer->taps_wide) {
        const void **const runs = scratch;
        const void **run = runs;
        for (int ky = 0; ky < layer->kernel_height; ky++)
            for (int kx = 0; kx < layer->taps_wide; kx++)
                *run++ = (const int8_t *)rows[ky] + kx * layer->tap_step;
        from = runs;
        free = run;
    }
    const btw_armv7m_taps *const taps = &layer->taps;
    btw_armv7m_windows_compact(taps, from, layer->pixel_step, y, layer->output_width, free);
    btw_unproved_windows(&taps->unproved, from, taps->rows, taps->row_bytes, layer->pixel_step, y,
                         taps->output_channels, layer->output_width);
}

#endif
