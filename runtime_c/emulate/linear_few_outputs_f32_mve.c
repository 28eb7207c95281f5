/* Fully connected layer, float32, the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "linear_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_linear_few_outputs_f32_mve(const btw_linear_f32 *layer, const float *x, float *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += layer->inputs) {
        const float *w = layer->weights;
        for (int oc = 0; oc < layer->outputs; oc++, w += layer->inputs) {
            float acc = layer->bias[oc];
            for (int ic = 0; ic < layer->inputs; ic++)
                acc += x[ic] * w[ic];
            *y++ = acc < layer->low ? layer->low : acc > layer->high ? layer->high : acc;
        }
    }
}

#endif
