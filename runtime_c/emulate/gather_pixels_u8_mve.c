/* Pixels gathered, any type: the plain C twin of the Helium kernel, with its pieces. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_gather_pixels_u8_mve(const btw_gather_pixels_u8_mve_layer *layer, const void *x, void *y,
                                         int pixels)
{
    const uint8_t *from = x;
    uint8_t *to = y;
    for (int pixel = 0; pixel < pixels; pixel++, from += layer->input_pixel, to += layer->output_pixel) {
        for (int i = 0; i < layer->count; i++) {
            const btw_gather_piece_mve *const piece = &layer->pieces[i];
            for (int lane = 0; lane < 16 && lane < layer->output_pixel; lane++) {
                const int offset = piece->from + (piece->apart ? piece->offsets[lane] : lane);
                to[piece->to + lane] = piece->taken >> lane & 1 ? from[offset] : piece->fill[lane];
            }
        }
    }
}

#endif
