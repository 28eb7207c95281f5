/* Global average pooling, int8, Armv7E-M: 4 channels at a time, the exact form in float32. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_global_average_pool_s8_scalar; plain C, compiled with -ffp-contract=off. */
#include "global_average_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* onnxruntime's formula itself: one conversion, one product, one rounding */
static inline int8_t btw_global_average_code(const btw_requantization *layer, int32_t sum)
{
    if (layer->multiplier[0])
        return btw_requantize(layer, 0, sum);
    float scale;
    memcpy(&scale, layer->scale, sizeof scale);
    float code = (float)sum * scale;
    code = code < -512.0f ? -512.0f : code > 512.0f ? 512.0f : code;
    return btw_clamp_s8((int32_t)btw_round_half_even(code) + layer->zero_point);
}

BTW_KERNEL void btw_global_average_pool_s8_dsp(const btw_global_average_pool_s8 *layer, const int8_t *x, int8_t *y,
                                               int row, int32_t *sums)
{
    const int channels = layer->channels, whole = channels & ~3;
    if (row == 0) {
        for (int c = 0; c < whole; c++)
            sums[c] = layer->bias;
    }
    for (int c = 0; c < whole; c += 4) {
        int32_t sum0 = sums[c], sum1 = sums[c + 1], sum2 = sums[c + 2], sum3 = sums[c + 3];
        const int8_t *pixel = x + c;
        for (int ix = 0; ix < layer->width; ix++, pixel += channels) {
            sum0 += pixel[0];
            sum1 += pixel[1];
            sum2 += pixel[2];
            sum3 += pixel[3];
        }
        sums[c] = sum0;
        sums[c + 1] = sum1;
        sums[c + 2] = sum2;
        sums[c + 3] = sum3;
    }
    for (int c = whole; c < channels; c++) {
        int32_t sum = row == 0 ? layer->bias : sums[c];
        for (int ix = 0; ix < layer->width; ix++)
            sum += x[ix * channels + c];
        sums[c] = sum;
    }
    if (row == layer->height - 1) {
        for (int c = 0; c < channels; c++)
            y[c] = btw_global_average_code(&layer->requantization, sums[c]);
    }
}

#endif
