/* Global average pooling, int8, NEON: the bits of global_average_pool_s8_scalar.c. */
/* SPDX-License-Identifier: MIT-0 */
#include "global_average_pool_s8.h"
#include "btw_s8_neon.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Sums of 8 channels of a row, at most 256 pixels at a time in 16 bits. */
BTW_NEON void btw_neon_mean_row(const btw_global_average_pool_s8 *layer, const int8_t *x, int32_t *sums, int row)
{
    int32x4_t low = row == 0 ? vdupq_n_s32(layer->bias) : vld1q_s32(sums);
    int32x4_t high = row == 0 ? vdupq_n_s32(layer->bias) : vld1q_s32(sums + 4);
    for (int left = layer->width; left > 0; left -= 256) {
        int16x8_t part = vdupq_n_s16(0);
        for (int i = 0; i < (left < 256 ? left : 256); i++, x += layer->channels)
            part = vaddw_s8(part, vld1_s8(x));
        low = vaddw_s16(low, vget_low_s16(part));
        high = btw_neon_add_high(high, part);
    }
    vst1q_s32(sums, low);
    vst1q_s32(sums + 4, high);
}

/* By the float32 formula where there is no proof, else by the multiplier and any shift. */
BTW_NEON int8x8_t btw_neon_mean_codes(const btw_requantization *by, int32x4_t low, int32x4_t high)
{
    const int16x8_t zero_point = vdupq_n_s16((int16_t)by->zero_point);
    const int32x4_t factor = vdupq_n_s32(by->multiplier[0] ? by->multiplier[0] : (int32_t)by->scale[0]);
    if (by->multiplier[0] == 0)
        return btw_neon_by_scale(low, high, factor, factor, zero_point);
    if (by->shift == 3)
        return btw_neon_by_multiplier(low, high, factor, factor, zero_point);
    const int32x4_t bits = vdupq_n_s32(-1 - by->shift);
    const int16x8_t codes =
        btw_neon_narrow(vrshlq_s32(vqdmulhq_s32(low, factor), bits), vrshlq_s32(vqdmulhq_s32(high, factor), bits));
    return vqmovn_s16(vqaddq_s16(codes, zero_point));
}

BTW_KERNEL BTW_FOLDED void btw_global_average_pool_s8_neon(const btw_global_average_pool_s8 *layer, const int8_t *x,
                                                           int8_t *y, int row, int32_t *sums)
{
    const btw_requantization *const by = &layer->requantization;
    const int last = row == layer->height - 1;
    const int eights = layer->channels / 8 * 8;
    for (int c = 0; c < eights; c += 8) {
        btw_neon_mean_row(layer, x + c, sums + c, row);
        if (last)
            vst1_s8(y + c, btw_neon_mean_codes(by, vld1q_s32(sums + c), vld1q_s32(sums + c + 4)));
    }
    for (int c = eights; c < layer->channels; c++) {
        int32_t sum = row == 0 ? layer->bias : sums[c];
        for (int ix = 0; ix < layer->width; ix++)
            sum += x[ix * layer->channels + c];
        sums[c] = sum;
    }
    for (int c = eights; last && c < layer->channels; c++)
        y[c] = btw_requantize(by, 0, sums[c]);
}

#endif
