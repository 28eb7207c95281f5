/* One row of linear resizing, int8, any processor: sums in integers, float32 steps where these do not decide. */
/* SPDX-License-Identifier: MIT-0 */
#include "resize_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Seldom called, and not inlined: it would take the registers of the loop. */
#if defined(__GNUC__)
__attribute__((noinline))
#endif
static int8_t
btw_resize_doubtful_code(const btw_resize_s8 *layer, const void *const rows[], int oy, int ox, int c)
{
    return btw_resize_float_code(layer, rows, oy, ox, c);
}

static inline int32_t btw_resize_weight(int32_t row_factor, int32_t column_factor)
{
    return (int32_t)(((int64_t)row_factor * column_factor) >> 32);
}

BTW_KERNEL void btw_resize_sums_s8_scalar(const btw_resize_sums_s8 *layer, const void *const rows[], int8_t *y, int oy)
{
    const btw_resize_s8 *const plain = &layer->plain;
    const int channels = plain->channels, shift = layer->shift;
    const int32_t guard = layer->guard, doubtful = 2 * guard, fraction = (int32_t)((UINT32_C(1) << shift) - 1);
    const int8_t *const upper = rows[0], *const lower = rows[plain->row_taps - 1];
    for (int ox = 0; ox < plain->output_width; ox++) {
        const int32_t *const row_factors = layer->row_factors + 2 * oy;
        const int32_t *const column_factors = layer->column_factors + 2 * ox;
        const int32_t *const columns = plain->columns + ox * plain->column_taps;
        const int left = columns[0] * channels, right = columns[plain->column_taps - 1] * channels;
        const int32_t weight00 = btw_resize_weight(row_factors[0], column_factors[0]);
        const int32_t weight01 = btw_resize_weight(row_factors[0], column_factors[1]);
        const int32_t weight10 = btw_resize_weight(row_factors[1], column_factors[0]);
        const int32_t weight11 = btw_resize_weight(row_factors[1], column_factors[1]);
        const int32_t start =
            layer->offset + guard - plain->input_zero_point * (weight00 + weight01 + weight10 + weight11);
        const int8_t *const x00 = upper + left, *const x01 = upper + right;
        const int8_t *const x10 = lower + left, *const x11 = lower + right;
        for (int c = 0; c < channels; c++, y++) {
            const int32_t v = start + x00[c] * weight00 + x01[c] * weight01 + x10[c] * weight10 + x11[c] * weight11;
            *y = btw_clamp_s8((v - guard) >> shift);
            if ((v & fraction) < doubtful)
                *y = btw_resize_doubtful_code(plain, rows, oy, ox, c);
        }
    }
}

#endif
