/* uint8 codes whose scale and zero point are found at run time. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_DYNAMIC_QUANTIZE_LINEAR_U8_H
#define BTW_DYNAMIC_QUANTIZE_LINEAR_U8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int size;
} btw_dynamic_quantize_linear_u8;

/* The scale of 256 codes from the least to the greatest of x and 0; `low` gets the least. */
static inline float btw_dynamic_range(const float *x, int size, float *low)
{
    float high = 0.0f;
    *low = 0.0f;
    for (int i = 0; i < size; i++) {
        *low = x[i] < *low ? x[i] : *low;
        high = x[i] > high ? x[i] : high;
    }
    return high > *low ? (high - *low) / 255.0f : 1.0f;
}

/* All of x[size]. */
#if !defined(BTW_INLINE_KERNELS)
void btw_dynamic_quantize_linear_scale_f32_scalar(const btw_dynamic_quantize_linear_u8 *layer, const float *x,
                                                  float *y);
void btw_dynamic_quantize_linear_zero_point_u8_scalar(const btw_dynamic_quantize_linear_u8 *layer, const float *x,
                                                      uint8_t *y);
void btw_dynamic_quantize_linear_u8_scalar(const btw_dynamic_quantize_linear_u8 *layer, const float *x,
                                           const float *scale, const uint8_t *zero_point, uint8_t *y);
#endif

#endif
