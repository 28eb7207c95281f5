/* Addition, float32, NEON: the bits of add_f32_scalar.c. */
/* SPDX-License-Identifier: MIT-0 */
#include "add_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#include <arm_neon.h>
#include <math.h>

BTW_KERNEL void btw_add_f32_neon(const btw_add_f32 *layer, const float *a, const float *b, float *y, int pixels)
{
    const int count = pixels * layer->channels;
    const float32x4_t low = vdupq_n_f32(layer->low), high = vdupq_n_f32(layer->high);
    int i = 0;
    for (; i <= count - 16; i += 16) {
        float32x4_t sum[4];
        for (int v = 0; v < 4; v++)
            sum[v] = vaddq_f32(vld1q_f32(a + i + 4 * v), vld1q_f32(b + i + 4 * v));
        for (int v = 0; v < 4 && layer->low > -INFINITY; v++)
            sum[v] = vmaxq_f32(sum[v], low);
        for (int v = 0; v < 4 && layer->high < INFINITY; v++)
            sum[v] = vminq_f32(sum[v], high);
        for (int v = 0; v < 4; v++)
            vst1q_f32(y + i + 4 * v, sum[v]);
    }
    for (; i <= count - 4; i += 4) {
        const float32x4_t sum = vaddq_f32(vld1q_f32(a + i), vld1q_f32(b + i));
        vst1q_f32(y + i, vminq_f32(vmaxq_f32(sum, low), high));
    }
    for (const int end = i + (count & 3); i < end; i++) { /* a bound that gcc sees */
        const float sum = a[i] + b[i];
        y[i] = sum < layer->low ? layer->low : sum > layer->high ? layer->high : sum;
    }
}

#endif
