/* 2-D convolution with few output channels, float32: the plain C twin of the Helium kernel, with its weights. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv2d_few_outputs_f32_mve(const btw_conv2d_few_outputs_f32_mve_layer *layer,
                                               const void *const rows[], float *y)
{
    const int row = (layer->length + 3) / 4 * 4;
    for (int i = 0; i < layer->output_width * layer->outputs; i++) {
        const int ox = i / layer->outputs, oc = i % layer->outputs;
        float sum = layer->bias[oc];
        for (int ky = 0; ky < layer->kernel_height; ky++)
            for (int k = 0; k < layer->length; k++)
                sum += ((const float *)rows[ky])[ox * layer->advance + k] *
                       layer->weights[(oc * layer->kernel_height + ky) * row + k];
        y[i] = sum < layer->low ? layer->low : sum > layer->high ? layer->high : sum;
    }
}

#endif
