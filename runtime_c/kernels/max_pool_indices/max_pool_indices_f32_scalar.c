/* Indices of a max pool, float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "max_pool_indices_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_max_pool_indices_f32_scalar(const btw_max_pool_indices_f32 *layer, const float *x, int64_t *y)
{
    const int height = layer->input_height, width = layer->input_width, channels = layer->channels;
    for (int oy = 0; oy < layer->output_height; oy++) {
        for (int ox = 0; ox < layer->output_width; ox++) {
            for (int c = 0; c < channels; c++) {
                int best_y = 0, best_x = 0, found = 0;
                for (int ky = 0; ky < layer->kernel_height; ky++) {
                    const int iy = oy * layer->stride_height - layer->pad_top + ky * layer->dilation_height;
                    if (iy < 0 || iy >= height)
                        continue;
                    for (int kx = 0; kx < layer->kernel_width; kx++) {
                        const int ix = ox * layer->stride_width - layer->pad_left + kx * layer->dilation_width;
                        if (ix < 0 || ix >= width)
                            continue;
                        const float *const best = x + (best_y * width + best_x) * channels + c;
                        if (!found || x[(iy * width + ix) * channels + c] > *best) {
                            found = 1;
                            best_y = iy;
                            best_x = ix;
                        }
                    }
                }
                const int place = layer->by_columns ? best_x * height + best_y : best_y * width + best_x;
                *y++ = c * height * width + place;
            }
        }
    }
}

#endif
