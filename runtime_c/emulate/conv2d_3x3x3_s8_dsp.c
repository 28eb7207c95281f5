/* 3x3 convolution of 3 channels, int8: the plain C twin of the assembler kernel, reading the same packed layer. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_conv2d_3x3x3_s8_dsp(const btw_packed_conv2d *layer, const void *const rows[], int8_t *y,
                                                   void *scratch)
{
    int8_t *const x = scratch;
    const void *const packed[] = {x};
    btw_packed_taps taps = layer->taps;
    taps.rows = 1;
    taps.row_bytes = 28;
    for (int ox = 0; ox < layer->output_width; ox++) {
        for (int ky = 0; ky < 3; ky++) {
            const int8_t *const row = (const int8_t *)rows[ky] + ox * layer->pixel_step;
            memcpy(x + 8 * ky, row, 8);
            x[24 + (ky == 0 ? 0 : ky == 1 ? 2 : 1)] = row[8];
        }
        x[27] = 0;
        btw_dsp_windows(&taps, packed, 0, y + ox * taps.output_channels, 1, x + 32);
    }
    btw_unproved_conv2d(layer, rows, y);
}

#endif
