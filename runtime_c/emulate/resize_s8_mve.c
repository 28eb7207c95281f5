/* One row of resizing by weights, int8: the plain C twin of the Helium kernel. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_fixed_point.h"
#include "resize_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_resize_s8_mve(const btw_resize_s8_by_reciprocal *given, const void *const rows[], int8_t *y, int oy,
                                  void *scratch)
{
    const btw_resize_s8 *const layer = &given->plain;
    (void)scratch;
    const float *const row_weights = layer->row_weights + oy * layer->row_taps;
    for (int ox = 0; ox < layer->output_width; ox++) {
        const int32_t *const columns = layer->columns + ox * layer->column_taps;
        const float *const column_weights = layer->column_weights + ox * layer->column_taps;
        for (int c = 0; c < layer->channels; c++) {
            float sum = 0.0f;
            for (int ky = 0; ky < layer->row_taps; ky++) {
                const int8_t *const row = rows[ky];
                for (int kx = 0; kx < layer->column_taps; kx++) {
                    const int code = row[columns[kx] * layer->channels + c] - layer->input_zero_point;
                    sum += row_weights[ky] * column_weights[kx] * (layer->input_scale * (float)code);
                }
            }
            *y++ = btw_quantize_s8(sum, layer->output_scale, layer->output_zero_point);
        }
    }
}

#endif
