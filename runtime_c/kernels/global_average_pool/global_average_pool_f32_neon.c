/* Global average pooling, float32, NEON: global_average_pool_f32_scalar.c, but times 1 / pixels. */
/* SPDX-License-Identifier: MIT-0 */
#include "global_average_pool_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#include <arm_neon.h>

BTW_KERNEL void btw_global_average_pool_f32_neon(const btw_global_average_pool_f32 *layer, const float *x, float *y,
                                                 int row)
{
    const int channels = layer->channels, first = row == 0, last = row == layer->height - 1;
    const float scale = 1.0f / (float)(layer->height * layer->width);
    int c = 0;
    for (; c <= channels - 16; c += 16) {
        float32x4_t sums[4];
        for (int v = 0; v < 4; v++)
            sums[v] = first ? vdupq_n_f32(0.0f) : vld1q_f32(y + c + 4 * v);
        for (int ix = 0; ix < layer->width; ix++)
            for (int v = 0; v < 4; v++)
                sums[v] = vaddq_f32(sums[v], vld1q_f32(x + ix * channels + c + 4 * v));
        for (int v = 0; v < 4; v++)
            vst1q_f32(y + c + 4 * v, last ? vmulq_f32(sums[v], vdupq_n_f32(scale)) : sums[v]);
    }
    for (; c <= channels - 4; c += 4) {
        float32x4_t sum = first ? vdupq_n_f32(0.0f) : vld1q_f32(y + c);
        for (int ix = 0; ix < layer->width; ix++)
            sum = vaddq_f32(sum, vld1q_f32(x + ix * channels + c));
        vst1q_f32(y + c, last ? vmulq_f32(sum, vdupq_n_f32(scale)) : sum);
    }
    for (const int end = c + (channels & 3); c < end; c++) { /* a bound that gcc sees */
        float sum = first ? 0.0f : y[c];
        for (int ix = 0; ix < layer->width; ix++)
            sum += x[ix * channels + c];
        y[c] = last ? sum * scale : sum;
    }
}

#endif
