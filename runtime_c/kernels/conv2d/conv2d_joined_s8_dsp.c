/* 2-D convolution to 1 or 2 channels, int8, Armv7E-M: several pixels at a time as channels of one window. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_conv2d_s8_scalar for one group without dilation along the row. */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* scratch: a pointer for each row, then as for other windows */
BTW_KERNEL BTW_FOLDED void btw_conv2d_joined_s8_dsp(const btw_dsp_conv2d_joined *layer, const void *const rows[],
                                                    int8_t *y, void *scratch)
{
    const btw_packed_taps *const taps = &layer->taps;
    const void **const last = scratch;
    void *const more = last + ((taps->rows + 3) & ~3);
    const int width = layer->output_width, left = width % layer->pixels;
    btw_dsp_windows(taps, rows, layer->pixels * layer->pixel_step, y, width / layer->pixels, more);
    if (left) { /* the last pixels once more with those before them */
        for (int i = 0; i < taps->rows; i++)
            last[i] = (const int8_t *)rows[i] + (width - layer->pixels) * layer->pixel_step;
        btw_dsp_windows(taps, last, 0, y + (width - layer->pixels) * layer->own.output_channels, 1, more);
    }
    btw_unproved_taps(&layer->own, rows, layer->pixel_step, y, width);
}

#endif
