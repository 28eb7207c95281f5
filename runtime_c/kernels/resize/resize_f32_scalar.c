/* Resizing by weights, float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "resize_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_resize_f32_scalar(const btw_resize_f32 *layer, const float *x, float *y)
{
    for (int oy = 0; oy < layer->output_height; oy++) {
        const int32_t *const rows = layer->rows + oy * layer->row_taps;
        const float *const row_weights = layer->row_weights + oy * layer->row_taps;
        for (int ox = 0; ox < layer->output_width; ox++) {
            const int32_t *const columns = layer->columns + ox * layer->column_taps;
            const float *const column_weights = layer->column_weights + ox * layer->column_taps;
            for (int c = 0; c < layer->channels; c++) {
                float sum = rows[0] < 0 || columns[0] < 0 ? layer->extrapolated : 0.0f;
                for (int ky = 0; ky < layer->row_taps && rows[0] >= 0 && columns[0] >= 0; ky++) {
                    const float *const row = x + rows[ky] * layer->input_width * layer->channels;
                    for (int kx = 0; kx < layer->column_taps; kx++)
                        sum += row_weights[ky] * column_weights[kx] * row[columns[kx] * layer->channels + c];
                }
                *y++ = sum;
            }
        }
    }
}

#endif
