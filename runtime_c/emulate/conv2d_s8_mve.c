/* Plain C twin of conv2d_s8_mve.c: the same stream, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_s8_mve(const btw_conv2d_s8_mve_layer *layer, const void *const rows[], int8_t *y,
                                  void *scratch)
{
    memset(scratch, 0xa5, (size_t)(16 * (layer->runs + 1)));
    const int steps = layer->steps;
    for (int ox = 0; ox < layer->output_width; ox++) {
        for (int oc = 0; oc < layer->outputs; oc++) {
            const int apart = oc - (layer->outputs - layer->narrow);
            const int32_t *const stream = layer->stream + (oc / 8 * 2 + (apart < 0 ? oc % 2 : 0)) * (steps * 16 + 8);
            const int32_t *const end = apart < 0 ? stream + steps * 16 + oc % 8 / 2 : stream + apart;
            const int8_t *w =
                apart < 0 ? (const int8_t *)stream + oc % 8 / 2 * 16 : (const int8_t *)(stream + 8) + apart * 16;
            const int next = apart < 0 || layer->narrow > 2 ? 64 : layer->narrow * 16;
            int32_t acc = end[0];
            for (int i = 0; i < layer->runs; i++) {
                const int32_t *const part = layer->run + 3 * i;
                const int8_t *const x = (const int8_t *)rows[part[0]] + part[1] + ox * layer->advance;
                for (int step = 0; step < part[2]; step++, w += next) {
                    const int back = i == 0 ? (step == 0 ? 0 : part[2] - step) : part[2] - 1 - step;
                    const int at = apart < 0 ? back : step;
                    for (int k = 0; k < 16; k++)
                        acc += w[k] ? x[at * 16 + k] * w[k] : 0;
                }
            }
            *y++ = btw_mve_requantize(acc, end[4], layer->by_scale, layer->zero_point);
        }
    }
}

#endif
