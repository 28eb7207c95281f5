/* Addition of operands that broadcast, int8, Helium: a pixel of 4 codes at a time, or all where pixels are alike. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_add_broadcast_s8_scalar. y may be an operand of its shape. */
#include "add_table_s8_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_add_broadcast_s8_mve(const btw_add_broadcast_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                         int pixels)
{
    const btw_add_mve_form form = BTW_ADD_MVE_FORM(layer);
    const int flat = layer->channels == 1; /* then pixels are what is computed 4 at a time */
    const int channels = flat ? pixels : layer->channels;
    const int a_one = (flat ? layer->a_pixel : layer->a_channel) == 0;
    const int b_one = (flat ? layer->b_pixel : layer->b_channel) == 0;
    const int whole = flat || ((a_one ? layer->a_pixel == 0 : layer->a_pixel == channels) &&
                               (b_one ? layer->b_pixel == 0 : layer->b_pixel == channels));
    const int count = whole ? pixels * layer->channels : channels;
    for (int pixel = 0; pixel < (whole ? 1 : pixels); pixel++, a += layer->a_pixel, b += layer->b_pixel, y += count) {
        if (a_one)
            btw_add_mve_one_a(&form, a, b, y, count);
        else if (b_one)
            btw_add_mve_one_b(&form, a, b, y, count);
        else
            btw_add_mve_each(&form, a, b, y, count);
    }
}

#endif
