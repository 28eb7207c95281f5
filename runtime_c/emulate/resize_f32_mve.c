/* One row of resizing by weights, float32: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "resize_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_resize_f32_mve(const btw_resize_f32 *layer, const void *const rows[], float *y, int oy,
                                   void *scratch)
{
    (void)scratch;
    const float *const row_weights = layer->row_weights + oy * layer->row_taps;
    for (int ox = 0; ox < layer->output_width; ox++) {
        const int32_t *const columns = layer->columns + ox * layer->column_taps;
        const float *const column_weights = layer->column_weights + ox * layer->column_taps;
        const int outside = rows[0] == NULL || columns[0] < 0;
        for (int c = 0; c < layer->channels; c++) {
            float sum = outside ? layer->extrapolated : 0.0f;
            for (int ky = 0; ky < layer->row_taps && !outside; ky++) {
                const float *const row = rows[ky];
                for (int kx = 0; kx < layer->column_taps; kx++)
                    sum += row_weights[ky] * column_weights[kx] * row[columns[kx] * layer->channels + c];
            }
            *y++ = sum;
        }
    }
}

#endif
