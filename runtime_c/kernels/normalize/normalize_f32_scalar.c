/* Normalization to mean 0 and deviation 1, float32, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "normalize_f32.h"
#include <math.h>

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_normalize_f32_scalar(const btw_normalize_f32 *layer, const float *x, float *y)
{
    const btw_walk *const values = &layer->values;
    const int inner = btw_inner_size(values), stride = btw_inner_stride(values);
    const float count = (float)values->count;
    for (int group = 0; group < layer->groups.count; group++) {
        const int first = btw_walked(&layer->groups, group);
        float sum = 0.0f, rest = 0.0f, squares = 0.0f;
        for (int v = 0; v < values->count; v += inner) {
            const float *const row = x + first + btw_walked(values, v);
            for (int i = 0; i < inner; i++)
                sum += row[i * stride];
        }
        const float about = sum / count; /* of equal values not one of them, for sums are rounded */
        for (int v = 0; v < values->count; v += inner) {
            const float *const row = x + first + btw_walked(values, v);
            for (int i = 0; i < inner; i++) {
                const float difference = row[i * stride] - about;
                rest += difference;
                squares += difference * difference;
            }
        }
        const float beside = rest / count, mean = about + beside;
        const float variance = squares / count - beside * beside;
        const float factor = 1.0f / sqrtf((variance > 0.0f ? variance : 0.0f) + layer->epsilon);
        for (int v = 0; v < values->count; v += inner) {
            const int row = first + btw_walked(values, v);
            for (int i = 0; i < inner; i++)
                y[row + i * stride] = (x[row + i * stride] - mean) * factor;
        }
    }
}

#endif
