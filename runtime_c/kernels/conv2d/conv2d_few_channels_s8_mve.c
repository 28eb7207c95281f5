/* 2-D convolution without groups and with few channels, int8, Helium: windows in scratch memory, without gaps. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals conv2d_s8_scalar.c. Reads no byte past a row. The stream lies on 4 bytes. Clobbers q4 to q7 inside. */
#include "btw_narrow_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_MVE_FUNCTION(btw_conv2d_few_channels_s8_mve_short, btw_mve_pixels, BTW_MVE_PIXELS_SHORT(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_conv2d_few_channels_s8_mve_short_by_scale, btw_mve_pixels, BTW_MVE_PIXELS_SHORT(BTW_MVE_BY_SCALE))
BTW_MVE_FUNCTION(btw_conv2d_few_channels_s8_mve_long, btw_mve_pixels, BTW_MVE_PIXELS_LONG(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_conv2d_few_channels_s8_mve_long_by_scale, btw_mve_pixels, BTW_MVE_PIXELS_LONG(BTW_MVE_BY_SCALE))

BTW_MVE_FUNCTION(btw_conv2d_few_channels_s8_mve_copy, btw_mve_windows, BTW_MVE_COPY_WINDOWS)

/* The windows where each row gives 4 bytes: `count` pairs of rows. */
BTW_MVE_FUNCTION(btw_conv2d_few_channels_s8_mve_copy_words, btw_mve_windows,
                 "ldm r0, {r1-r6, r8}\n"
                 "1:\n\t"
                 "mov r9, r1\n\t"
                 "mov lr, r5\n"
                 "2:\n\t"
                 "ldrd r10, r11, [r9], #8\n\t"
                 "ldr r10, [r10, r2]\n\t"
                 "ldr r11, [r11, r2]\n\t"
                 "strd r10, r11, [r3], #8\n\t"
                 "le lr, 2b\n\t"
                 "add r2, r2, r8\n\t"
                 "subs r6, r6, #1\n\t"
                 "bne 1b")

BTW_KERNEL BTW_FOLDED void btw_conv2d_few_channels_s8_mve(const btw_conv2d_few_channels_s8_mve_layer *layer,
                                                          const void *const rows[], int8_t *y, void *scratch)
{
    const int row = layer->parts * layer->length, size = layer->kernel_height * row, steps = (size + 15) / 16;
    for (int ox = 0; ox < layer->output_width; ox += BTW_CONV2D_FEW_CHANNELS_S8_MVE_PIXELS) {
        const int left = layer->output_width - ox;
        const int pixels = left < BTW_CONV2D_FEW_CHANNELS_S8_MVE_PIXELS ? left : BTW_CONV2D_FEW_CHANNELS_S8_MVE_PIXELS;
        btw_mve_windows windows = {
            rows, ox * layer->advance, scratch, row, layer->kernel_height, pixels, layer->advance, size,
        };
        if (row == 4 && layer->parts == 1 && layer->kernel_height % 2 == 0) {
            windows.count = layer->kernel_height / 2;
            btw_conv2d_few_channels_s8_mve_copy_words(&windows);
        } else if (row <= 16 && layer->parts == 1) {
            btw_conv2d_few_channels_s8_mve_copy(&windows);
        } else {
            windows.count = 1;
            for (int i = 0; i < layer->kernel_height * layer->parts; i++) {
                for (int at = 0; at < layer->length; at += 16) {
                    windows.rows = rows + i / layer->parts;
                    windows.first = ox * layer->advance + i % layer->parts * layer->next + at;
                    windows.window = (int8_t *)scratch + i * layer->length + at;
                    windows.length = layer->length - at;
                    btw_conv2d_few_channels_s8_mve_copy(&windows);
                }
            }
        }
        const int narrow = layer->narrow, outputs = layer->outputs;
        int8_t *const to = y + ox * outputs;
        if (outputs > narrow) {
            const btw_mve_pixels frame =
                btw_mve_pixels_frame(size, outputs, narrow, layer->zero_point, layer->stream, scratch, to, pixels);
            if (steps <= 8 && layer->by_scale)
                btw_conv2d_few_channels_s8_mve_short_by_scale(&frame);
            else if (steps <= 8)
                btw_conv2d_few_channels_s8_mve_short(&frame);
            else if (layer->by_scale)
                btw_conv2d_few_channels_s8_mve_long_by_scale(&frame);
            else
                btw_conv2d_few_channels_s8_mve_long(&frame);
        }
        if (narrow) {
            btw_mve_run run[] = {{scratch, steps}, {scratch, 0}};
            btw_mve_narrow_channels(run, 1, layer->stream + btw_mve_blocks(steps, outputs), narrow, layer->zero_point,
                                    layer->by_scale, size, outputs, to + outputs - narrow, pixels);
        }
    }
}

#endif
