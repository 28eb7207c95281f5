/* Average pooling, int8, AArch64: the bits of average_pool_s8_scalar.c, for 8 channels and more. */
/* SPDX-License-Identifier: MIT-0 */
#include "average_pool_s8.h"
#include "btw_s8_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* One tap more, in the order of onnxruntime. */
BTW_NEON float32x4_t btw_neon_mean_tap(const btw_average_pool_s8 *layer, float32x4_t sum, int16x4_t centred)
{
    return vaddq_f32(sum, vmulq_f32(vdupq_n_f32(layer->input_scale), vcvtq_f32_s32(vmovl_s16(centred))));
}

BTW_NEON int32x4_t btw_neon_mean_code(const btw_average_pool_s8 *layer, float32x4_t sum, int count)
{
    const float32x4_t mean = vdivq_f32(vdivq_f32(sum, vdupq_n_f32((float)count)), vdupq_n_f32(layer->output_scale));
    return vcvtnq_s32_f32(vaddq_f32(mean, vdupq_n_f32((float)layer->output_zero_point)));
}

BTW_KERNEL BTW_FOLDED void btw_average_pool_s8_neon(const btw_average_pool_s8 *layer, const void *const rows[],
                                                    int8_t *y)
{
    const int channels = layer->channels;
    const int16x8_t zero_point = vdupq_n_s16((int16_t)layer->input_zero_point);
    for (int ox = 0; ox < layer->output_width; ox++, y += channels) {
        const int left = ox * layer->stride_width - layer->pad_left;
        for (int block = 0; block < (channels + 7) / 8; block++) {
            const int c = btw_neon_block(block, 8, channels);
            float32x4_t low = vdupq_n_f32(0.0f), high = vdupq_n_f32(0.0f);
            int count = 0;
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                for (int kx = 0; rows[ky] && kx < layer->kernel_width; kx++) {
                    const int ix = left + kx * layer->dilation_width;
                    if (ix < 0 || ix >= layer->input_width)
                        continue;
                    const int8_t *const x = (const int8_t *)rows[ky] + ix * channels + c;
                    const int16x8_t centred = vsubq_s16(vmovl_s8(vld1_s8(x)), zero_point);
                    low = btw_neon_mean_tap(layer, low, vget_low_s16(centred));
                    high = btw_neon_mean_tap(layer, high, vget_high_s16(centred));
                    count++;
                }
            }
            const int16x8_t codes =
                btw_neon_narrow(btw_neon_mean_code(layer, low, count), btw_neon_mean_code(layer, high, count));
            vst1_s8(y + c, vqmovn_s16(codes));
        }
    }
}

#endif
