/* Plain C twin of depthwise_conv2d_s8_mve.c: the same stream and 16-bit sums, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_depthwise_conv2d_s8_mve(const btw_depthwise_conv2d_s8_mve_layer *layer, const void *const rows[],
                                            int8_t *y, void *scratch)
{
    (void)scratch;
    for (int ox = 0; ox < layer->output_width; ox++) {
        for (int oc = 0; oc < layer->channels; oc++) {
            const int lane = ox % layer->together * layer->channels + oc, quarter = lane % 2 * 2 + lane / 2 % 2;
            const int32_t *const stream = layer->stream + lane / 16 * (layer->pairs * 8 + 32);
            const int8_t *const weights = (const int8_t *)stream + lane % 16;
            const int32_t *const end = stream + layer->pairs * 8 + quarter * 8 + lane % 16 / 4;
            int32_t acc = end[0];
            for (int pair = 0; pair < layer->pairs; pair++) {
                int16_t sum = 0;
                for (int tap = 2 * pair; tap < 2 * pair + 2; tap++) {
                    const int8_t *const x = (const int8_t *)rows[layer->taps[2 * tap]] + layer->taps[2 * tap + 1];
                    sum = (int16_t)(sum + x[ox * layer->advance + oc] * weights[tap * 16]);
                }
                acc += sum;
            }
            *y++ = btw_mve_requantize(acc, end[4], layer->by_scale, layer->zero_point);
        }
    }
}

#endif
