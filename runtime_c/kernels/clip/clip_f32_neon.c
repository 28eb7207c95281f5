/* Clip, float32, NEON: the bits of clip_f32_scalar.c. */
/* SPDX-License-Identifier: MIT-0 */
#include "clip_f32.h"
#include "btw_functions_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_BLOCK float32x4_t btw_clip_four_f32(const btw_clip_f32 *layer, float32x4_t x)
{
    return vminq_f32(vmaxq_f32(x, vdupq_n_f32(layer->low)), vdupq_n_f32(layer->high));
}

BTW_KERNEL void btw_clip_f32_neon(const btw_clip_f32 *layer, const float *x, float *y, int pixels)
{
    BTW_NEON_VALUES(btw_clip_four_f32, layer, x, y, pixels);
}

#endif
