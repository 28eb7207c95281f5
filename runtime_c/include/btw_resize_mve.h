/* Resizing by weights on Helium: the input pixels of an output pixel, and the loop over those. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_RESIZE_MVE_H
#define BTW_RESIZE_MVE_H

#include "btw_mve.h"

typedef struct {
    const void *x;
    float weight;
} btw_resize_mve_tap;

/* The taps of pixel ox of output row oy, in `taps`; a pixel has `pixel` bytes. Evaluates to their end. */
#define BTW_RESIZE_MVE_TAPS(layer, rows, pixel, oy, ox, taps)                                                          \
    btw_resize_mve_taps((rows), (pixel), (layer)->row_taps, (layer)->column_taps,                                      \
                        (layer)->columns + (ox) * (layer)->column_taps,                                                \
                        (layer)->row_weights + (oy) * (layer)->row_taps,                                               \
                        (layer)->column_weights + (ox) * (layer)->column_taps, (taps))
static inline const btw_resize_mve_tap *btw_resize_mve_taps(const void *const rows[], int pixel, int row_taps,
                                                            int column_taps, const int32_t *columns,
                                                            const float *row_weights, const float *column_weights,
                                                            btw_resize_mve_tap *taps)
{
    for (int ky = 0; ky < row_taps; ky++) {
        for (int kx = 0; kx < column_taps; kx++, taps++) {
            taps->x = (const uint8_t *)rows[ky] + columns[kx] * pixel;
            taps->weight = row_weights[ky] * column_weights[kx];
        }
    }
    return taps;
}

#endif
