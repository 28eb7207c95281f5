/* One row of resizing by weights, float32, NEON: the bits of resize_f32_scalar.c, for 4 channels and more. */
/* SPDX-License-Identifier: MIT-0 */
#include "resize_f32.h"
#include "btw_f32_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Four channels at a time; the last four reach back to channels that were done before. */
BTW_KERNEL void btw_resize_f32_neon(const btw_resize_f32 *layer, const void *const rows[], float *y, int oy)
{
    const int channels = layer->channels;
    const float *const row_weights = layer->row_weights + oy * layer->row_taps;
    for (int ox = 0; ox < layer->output_width; ox++, y += channels) {
        const int32_t *const columns = layer->columns + ox * layer->column_taps;
        const float *const column_weights = layer->column_weights + ox * layer->column_taps;
        const int outside = rows[0] == NULL || columns[0] < 0;
        for (int block = 0; block < channels; block += 4) {
            const int c = block + 4 <= channels ? block : channels - 4;
            float32x4_t sum = vdupq_n_f32(outside ? layer->extrapolated : 0.0f);
            for (int ky = 0; ky < layer->row_taps && !outside; ky++) {
                const float *const row = rows[ky];
                for (int kx = 0; kx < layer->column_taps; kx++) {
                    const float32x4_t weight = vdupq_n_f32(row_weights[ky] * column_weights[kx]);
                    sum = vaddq_f32(sum, vmulq_f32(weight, vld1q_f32(row + columns[kx] * channels + c)));
                }
            }
            vst1q_f32(y + c, sum);
        }
    }
}

#endif
