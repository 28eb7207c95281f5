/* Plain C of transposed convolutions that have their weights in blocks of channels: for hosts, where tests run it. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CONV_TRANSPOSE_TWIN_H
#define BTW_CONV_TRANSPOSE_TWIN_H

static inline void btw_conv_transpose2d_f32_by(const btw_conv_transpose2d_f32 *layer, const void *const rows[],
                                               float *y, int block)
{
    const int outputs = layer->output_channels, inputs = layer->input_channels;
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
