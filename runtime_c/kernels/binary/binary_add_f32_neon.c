/* Sum of two tensors that broadcast, float32, NEON: the bits of binary_add_f32_scalar.c. */
/* SPDX-License-Identifier: MIT-0 */
#include "binary_f32.h"
#include "btw_operands_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_NEON float32x4_t btw_neon_add_f32(float32x4_t a, float32x4_t b)
{
    return vaddq_f32(a, b);
}

BTW_NEON float btw_neon_add_one_f32(float a, float b)
{
    return a + b;
}

BTW_KERNEL BTW_FOLDED void btw_binary_add_f32_neon(const btw_binary_f32 *layer, const float *x0, const float *x1,
                                                   float *y, int pixels)
{
    BTW_NEON_FLOAT_PAIRS(btw_neon_add_f32, btw_neon_add_one_f32, layer, x0, x1, y, pixels);
}

#endif
