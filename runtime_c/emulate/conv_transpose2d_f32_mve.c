/* One row of a transposed 2-D convolution, float32: the plain C twin of the Helium kernel, with its weights. */
/* SPDX-License-Identifier: MIT-0 */
#include "conv_transpose2d_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv_transpose2d_f32_mve(const btw_conv_transpose2d_f32 *layer, const void *const rows[], float *y,
                                             void *scratch)
{
    (void)scratch;
    const int outputs = layer->output_channels, inputs = layer->input_channels, block = outputs > 4 ? 8 : 4;
    const int taps = layer->kernel_height * layer->kernel_width;
    for (int ox = 0; ox < layer->output_width; ox++) {
        for (int oc = 0; oc < outputs; oc++) {
            float sum = layer->bias[oc];
            for (int tap = 0; tap < taps; tap++) {
                const int across = ox + layer->left - tap % layer->kernel_width * layer->dilation_width;
                const int ix = across / layer->stride_width;
                const float *const row = rows[tap / layer->kernel_width];
                if (!row || across < 0 || across % layer->stride_width || ix >= layer->input_width)
                    continue;
                const float *const weights = layer->weights + (oc / block * taps + tap) * inputs * block + oc % block;
                for (int ic = 0; ic < inputs; ic++)
                    sum += row[ix * inputs + ic] * weights[ic * block];
            }
            *y++ = sum;
        }
    }
}

#endif
