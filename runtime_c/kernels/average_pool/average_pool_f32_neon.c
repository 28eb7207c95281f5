/* Average pooling of at least four channels, float32, NEON: average_pool_f32_scalar.c, but times 1 / count. */
/* SPDX-License-Identifier: MIT-0 */
#include "average_pool_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#include <arm_neon.h>

BTW_KERNEL void btw_average_pool_f32_neon(const btw_average_pool_f32 *layer, const void *const rows[], float *y)
{
    int height = 0;
    for (int ky = 0; ky < layer->kernel_height; ky++)
        height += rows[ky] != NULL;
    for (int ox = 0; ox < layer->output_width; ox++, y += layer->channels) {
        int kx = 0, end = layer->kernel_width, ix = ox * layer->stride_width - layer->pad_left;
        for (; ix < 0; kx++)
            ix += layer->dilation_width;
        while (end > kx && ix + (end - 1 - kx) * layer->dilation_width >= layer->input_width)
            end--;
        const float scale = 1.0f / (float)(height * (end - kx));
        for (int next = 0; next < layer->channels; next += 4) {
            const int c = next > layer->channels - 4 ? layer->channels - 4 : next; /* the last vector may overlap */
            float32x4_t sum = vdupq_n_f32(0.0f);
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const float *const row = rows[ky];
                if (!row)
                    continue;
                const float *x = row + ix * layer->channels + c;
                for (int i = kx; i < end; i++, x += layer->dilation_width * layer->channels)
                    sum = vaddq_f32(sum, vld1q_f32(x));
            }
            vst1q_f32(y + c, vmulq_f32(sum, vdupq_n_f32(scale)));
        }
    }
}

#endif
