/* Max pooling, int8, NEON: the bits of max_pool_s8_scalar.c, for 8 channels and more. */
/* SPDX-License-Identifier: MIT-0 */
#include "max_pool_s8.h"
#include "btw_s8_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_max_pool_s8_neon(const btw_max_pool_s8 *layer, const void *const rows[], int8_t *y)
{
    const int channels = layer->channels, step = layer->dilation_width * channels;
    for (int ox = 0; ox < layer->output_width; ox++, y += channels) {
        const int left = ox * layer->stride_width - layer->pad_left;
        int first = 0, end = layer->kernel_width;
        while (first < end && left + first * layer->dilation_width < 0)
            first++;
        while (first < end && left + (end - 1) * layer->dilation_width >= layer->input_width)
            end--;
        const int at = (left + first * layer->dilation_width) * channels, taps = first < end ? end - first : 0;
        int c = 0;
        for (; channels >= 16 && c < channels; c += 16) {
            const int oc = c + 16 <= channels ? c : channels - 16; /* some channels twice */
            int8x16_t most = vdupq_n_s8(INT8_MIN);
            for (int ky = 0; ky < layer->kernel_height; ky++)
                for (int i = 0; rows[ky] && i < taps; i++)
                    most = vmaxq_s8(most, vld1q_s8((const int8_t *)rows[ky] + at + i * step + oc));
            vst1q_s8(y + oc, most);
        }
        for (; c < channels; c += 8) {
            const int oc = c + 8 <= channels ? c : channels - 8;
            int8x8_t most = vdup_n_s8(INT8_MIN);
            for (int ky = 0; ky < layer->kernel_height; ky++)
                for (int i = 0; rows[ky] && i < taps; i++)
                    most = vmax_s8(most, vld1_s8((const int8_t *)rows[ky] + at + i * step + oc));
            vst1_s8(y + oc, most);
        }
    }
}

#endif
