/* Multiplication, int8, Helium: products by a proved multiplier, 16 at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_mul_s8_scalar for a shift of 3, where one operand has the shape of the output; y may be that one. */
#include "btw_mul_mve.h"
#include "mul_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_MUL_MVE_LOOPS(btw_mul_s8_mve, BTW_MUL_MVE_BY_MULTIPLIER)

BTW_KERNEL void btw_mul_s8_mve(const btw_mul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels)
{
    const int swap = layer->a_pixel < layer->b_pixel || layer->a_channel < layer->b_channel;
    btw_mul_mve frame = {
        .a = swap ? b : a,
        .b = swap ? a : b,
        .y = y,
        .a_zero_point = swap ? layer->b_zero_point : layer->a_zero_point,
        .b_zero_point = swap ? layer->a_zero_point : layer->b_zero_point,
        .zero_point = layer->requantization.zero_point,
        .factor = (uint32_t)layer->requantization.multiplier[0],
    };
    btw_mul_s8_mve_pixels(&frame, layer->channels, swap ? layer->a_pixel : layer->b_pixel,
                          swap ? layer->a_channel : layer->b_channel, pixels);
}

#endif
