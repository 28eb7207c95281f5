/* Difference of two tensors that broadcast, float32, Helium. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_binary_sub_f32_scalar, where one operand has the shape of the output; y may be that one. */
#include "binary_f32.h"
#include "btw_binary_f32_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_BINARY_F32_MVE_LOOPS(btw_binary_sub_f32_mve, "vsub.f32 q0, q0, q1\n\t")
BTW_BINARY_F32_MVE_LOOPS(btw_binary_sub_f32_mve_swapped, "vsub.f32 q0, q1, q0\n\t")

BTW_KERNEL void btw_binary_sub_f32_mve(const btw_binary_f32 *layer, const float *x0, const float *x1, float *y,
                                       int pixels)
{
    if (layer->a_pixel < layer->b_pixel || layer->a_channel < layer->b_channel)
        btw_binary_sub_f32_mve_swapped_pixels(x1, x0, y, layer->channels, layer->a_pixel, layer->a_channel, pixels);
    else
        btw_binary_sub_f32_mve_pixels(x0, x1, y, layer->channels, layer->b_pixel, layer->b_channel, pixels);
}

#endif
