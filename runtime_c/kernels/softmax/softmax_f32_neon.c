/* Softmax, float32, NEON: softmax_f32_scalar.c but for rounding, for 4 channels and more. */
/* SPDX-License-Identifier: MIT-0 */
#include "softmax_f32.h"
#include "btw_functions_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* x[channels] to y, which may be x; the last vector of `largest` holds some values again. */
BTW_BLOCK void btw_softmax_pixel(const float *x, float *y, int channels)
{
    float32x4_t most = vld1q_f32(x + channels - 4), sums = vdupq_n_f32(0.0f);
    for (int c = 0; c <= channels - 4; c += 4)
        most = vmaxq_f32(most, vld1q_f32(x + c));
    float four[4], few[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
    vst1q_f32(four, most);
    const float a = four[0] > four[1] ? four[0] : four[1], b = four[2] > four[3] ? four[2] : four[3];
    const float32x4_t largest = vdupq_n_f32(a > b ? a : b);
    int c = 0;
    for (; c <= channels - 4; c += 4) {
        const float32x4_t e = btw_exponential(vsubq_f32(vld1q_f32(x + c), largest));
        sums = vaddq_f32(sums, e);
        vst1q_f32(y + c, e);
    }
    for (int v = 0; v < channels - c; v++)
        few[v] = x[c + v];
    if (c < channels) {
        const float32x4_t e = btw_exponential(vsubq_f32(vld1q_f32(few), largest));
        sums = vaddq_f32(sums, e);
        vst1q_f32(few, e);
    }
    for (int v = 0; v < channels - c; v++)
        y[c + v] = few[v];
    vst1q_f32(four, sums);
    const float sum = four[0] + four[1] + (four[2] + four[3]);
    const float32x4_t all = vdupq_n_f32(sum);
    for (c = 0; c <= channels - 4; c += 4)
        vst1q_f32(y + c, btw_quotient(vld1q_f32(y + c), all));
    for (const int end = c + (channels & 3); c < end; c++) /* a bound that gcc sees */
        y[c] /= sum;
}

BTW_KERNEL void btw_softmax_f32_neon(const btw_softmax_f32 *layer, const float *x, float *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += layer->channels, y += layer->channels)
        btw_softmax_pixel(x, y, layer->channels);
}

#endif
