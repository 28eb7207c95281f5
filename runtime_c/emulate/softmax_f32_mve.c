/* Softmax, float32: the plain C twin of the Helium kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "softmax_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* e**x for x <= 0, within 2 units in the last place: 2**n * e**r by a polynomial in r (Cephes expf). */
static inline float btw_exp_mve_softmax(float x)
{
    if (x < -87.0f)
        return 0.0f;
    const float shifted = x * 1.44269504088896341f + 12582912.0f;
    const float n = shifted - 12582912.0f;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

BTW_KERNEL void btw_softmax_f32_mve(const btw_softmax_f32 *layer, const float *x, float *y, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += layer->channels, y += layer->channels) {
        float largest = x[0], sum = 0.0f;
        for (int c = 1; c < layer->channels; c++)
            largest = x[c] > largest ? x[c] : largest;
        for (int c = 0; c < layer->channels; c++) {
            y[c] = btw_exp_mve_softmax(x[c] - largest);
            sum += y[c];
        }
        for (int c = 0; c < layer->channels; c++)
            y[c] /= sum;
    }
}

#endif
