/* 2-D convolution in groups, int8, Helium: windows of a group in scratch memory, its outputs moved to their places. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals conv2d_s8_scalar.c. Reads no byte past a row. The stream lies on 4 bytes. Clobbers q4 to q7 inside. */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_MVE_FUNCTION(btw_conv2d_groups_s8_mve_short, btw_mve_pixels, BTW_MVE_PIXELS_SHORT(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_conv2d_groups_s8_mve_short_by_scale, btw_mve_pixels, BTW_MVE_PIXELS_SHORT(BTW_MVE_BY_SCALE))
BTW_MVE_FUNCTION(btw_conv2d_groups_s8_mve_long, btw_mve_pixels, BTW_MVE_PIXELS_LONG(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_conv2d_groups_s8_mve_long_by_scale, btw_mve_pixels, BTW_MVE_PIXELS_LONG(BTW_MVE_BY_SCALE))
BTW_MVE_FUNCTION(btw_conv2d_groups_s8_mve_copy, btw_mve_windows, BTW_MVE_COPY_WINDOWS)

/* `length` bytes of each of `pixels`, from `x`, `advance` apart, to `y`, `size` apart. */
static inline void btw_conv2d_groups_s8_mve_move(const int8_t *x, int8_t *y, int length, int pixels, int advance,
                                                 int size)
{
    const void *const rows[] = {x};
    for (int at = 0; at < length; at += 16) {
        const btw_mve_windows windows = {rows, at, y + at, length - at, 1, pixels, advance, size};
        btw_conv2d_groups_s8_mve_copy(&windows);
    }
}

BTW_KERNEL void btw_conv2d_groups_s8_mve(const btw_conv2d_groups_s8_mve_layer *layer, const void *const rows[],
                                         int8_t *y, void *scratch)
{
    const int inputs = layer->group_inputs, outputs = layer->group_outputs, all = layer->groups * outputs;
    const int size = layer->kernel_height * layer->kernel_width * inputs;
    for (int ox = 0; ox < layer->output_width; ox += BTW_CONV2D_FEW_CHANNELS_S8_MVE_PIXELS) {
        const int left = layer->output_width - ox;
        const int pixels = left < BTW_CONV2D_FEW_CHANNELS_S8_MVE_PIXELS ? left : BTW_CONV2D_FEW_CHANNELS_S8_MVE_PIXELS;
        int8_t *const window = scratch, *const made = window + pixels * size + 16;
        for (int group = 0; group < layer->groups; group++) {
            for (int i = 0; i < layer->kernel_height * layer->kernel_width; i++) {
                const int8_t *const row = rows[i / layer->kernel_width];
                const int first = ox * layer->advance + group * inputs + i % layer->kernel_width * layer->next;
                btw_conv2d_groups_s8_mve_move(row + first, window + i * inputs, inputs, pixels, layer->advance, size);
            }
            const btw_mve_pixels frame = btw_mve_pixels_frame(
                size, outputs, 0, layer->zero_point, layer->stream + group * layer->words, window, made, pixels);
            if (size <= 128 && layer->by_scale)
                btw_conv2d_groups_s8_mve_short_by_scale(&frame);
            else if (size <= 128)
                btw_conv2d_groups_s8_mve_short(&frame);
            else if (layer->by_scale)
                btw_conv2d_groups_s8_mve_long_by_scale(&frame);
            else
                btw_conv2d_groups_s8_mve_long(&frame);
            btw_conv2d_groups_s8_mve_move(made, y + ox * all + group * outputs, outputs, pixels, outputs, all);
        }
    }
}

#endif
