/* One row of resizing by weights, int8, AArch64: the bits of resize_s8_scalar.c. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "resize_s8.h"
#include "btw_operands_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Eight codes, or as many channels as there are, without their zero point. */
BTW_NEON int16x8_t btw_neon_resize_codes(const btw_resize_s8 *layer, const int8_t *x)
{
    int8_t few[8] = {0};
    if (layer->channels < 8)
        memcpy(few, x, (size_t)layer->channels);
    return vsubq_s16(vmovl_s8(vld1_s8(layer->channels < 8 ? few : x)), vdupq_n_s16((int16_t)layer->input_zero_point));
}

BTW_KERNEL BTW_FOLDED void btw_resize_s8_neon(const btw_resize_s8 *layer, const void *const rows[], int8_t *y, int oy)
{
    const int channels = layer->channels;
    const float *const row_weights = layer->row_weights + oy * layer->row_taps;
    for (int ox = 0; ox < layer->output_width; ox++, y += channels) {
        const int32_t *const columns = layer->columns + ox * layer->column_taps;
        const float *const column_weights = layer->column_weights + ox * layer->column_taps;
        for (int block = 0; block < (channels + 7) / 8; block++) {
            const int c = btw_neon_block(block, 8, channels);
            float32x4_t low = vdupq_n_f32(0.0f), high = vdupq_n_f32(0.0f);
            for (int ky = 0; ky < layer->row_taps; ky++) {
                const int8_t *const row = rows[ky];
                for (int kx = 0; kx < layer->column_taps; kx++) {
                    const float32x4_t weight = vdupq_n_f32(row_weights[ky] * column_weights[kx]);
                    const int16x8_t x = btw_neon_resize_codes(layer, row + columns[kx] * channels + c);
                    low = vaddq_f32(low, vmulq_f32(weight, btw_neon_low_real(layer->input_scale, x)));
                    high = vaddq_f32(high, vmulq_f32(weight, btw_neon_high_real(layer->input_scale, x)));
                }
            }
            const int8x8_t codes = btw_neon_quantize(low, high, layer->output_scale, layer->output_zero_point);
            int8_t few[8];
            vst1_s8(channels < 8 ? few : y + c, codes);
            if (channels < 8)
                memcpy(y, few, (size_t)channels);
        }
    }
}

#endif
