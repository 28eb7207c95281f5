/* Fully connected layer and 1x1 convolution, int8, Helium: 8 channels by 2 pixels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals linear_s8_scalar.c. Reads up to 15 bytes past x. The stream lies on 4 bytes. Clobbers q4 to q7 inside. */
#include "btw_narrow_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_MVE_FUNCTION(btw_linear_s8_mve_short, btw_mve_pixels, BTW_MVE_PIXELS_SHORT(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_linear_s8_mve_short_by_scale, btw_mve_pixels, BTW_MVE_PIXELS_SHORT(BTW_MVE_BY_SCALE))
BTW_MVE_FUNCTION(btw_linear_s8_mve_long, btw_mve_pixels, BTW_MVE_PIXELS_LONG(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_linear_s8_mve_long_by_scale, btw_mve_pixels, BTW_MVE_PIXELS_LONG(BTW_MVE_BY_SCALE))

static inline void btw_linear_s8_mve_pixels(const btw_linear_s8_mve_layer *layer, const int8_t *x, int8_t *y,
                                            int pixels)
{
    const int inputs = layer->inputs, outputs = layer->outputs, narrow = layer->narrow, steps = (inputs + 15) / 16;
    if (outputs > narrow) {
        const btw_mve_pixels frame =
            btw_mve_pixels_frame(inputs, outputs, narrow, layer->zero_point, layer->stream, x, y, pixels);
        if (steps <= 8 && layer->by_scale)
            btw_linear_s8_mve_short_by_scale(&frame);
        else if (steps <= 8)
            btw_linear_s8_mve_short(&frame);
        else if (layer->by_scale)
            btw_linear_s8_mve_long_by_scale(&frame);
        else
            btw_linear_s8_mve_long(&frame);
    }
    if (narrow) {
        btw_mve_run run[] = {{x, steps}, {x, 0}};
        btw_mve_narrow_channels(run, 1, layer->stream + btw_mve_blocks(steps, outputs), narrow, layer->zero_point,
                                layer->by_scale, inputs, outputs, y + outputs - narrow, pixels);
    }
}

BTW_KERNEL BTW_FOLDED void btw_linear_s8_mve(const btw_linear_s8_mve_layer *layer, const int8_t *x, int8_t *y,
                                             int pixels)
{
    const int together = layer->together, left = pixels % together;
    btw_linear_s8_mve_pixels(layer, x, y, pixels / together);
    if (left) /* some once more */
        btw_linear_s8_mve_pixels(layer, x + (pixels - together) * (layer->inputs / together),
                                 y + (pixels - together) * (layer->outputs / together), 1);
}

#endif
