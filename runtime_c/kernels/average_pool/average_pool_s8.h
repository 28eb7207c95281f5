/* Mean of a window, int8. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_AVERAGE_POOL_S8_H
#define BTW_AVERAGE_POOL_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int channels;
    int kernel_height;
    int kernel_width;
    int stride_width;
    int dilation_width;
    int pad_left;    /* pixels left of rows[ky] that do not count */
    int input_width; /* pixels from rows[ky] on that count */
    int output_width;
    float input_scale;
    int input_zero_point;
    float output_scale;
    int output_zero_point;
    int offset; /* of the codes in the formula: 128 where the model has uint8 */
} btw_average_pool_s8;

/* The mean of `count` codes by their sum: v = sum * multiplier[count - least] + constant[count - least], and the code
 * is clamp(v >> shift), checked over all sums. Those with v within `guard` of a multiple k of 2**shift may round to k
 * or k - 1, by the order of their float32 steps; it is k where these steps add least_error[k + 127] or more to the
 * exact sum, the input scale being `significand` units. */
typedef struct {
    btw_average_pool_s8 layer;
    int least;
    int shift;
    int32_t guard; /* 0: no sum is in doubt */
    const int32_t *multiplier;
    const int32_t *constant;
    int32_t significand;        /* 24 bits */
    const int16_t *least_error; /* [255] for k from -127 to 127; null: all is computed again in float32 */
} btw_average_pool_sums_s8;

/* One output row y[output_width][channels]. Null rows do not count; where padding counts, it lies in the rows. */

#if !defined(BTW_INLINE_KERNELS)
void btw_average_pool_s8_mve(const btw_average_pool_s8 *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_average_pool_sums_s8_mve(const btw_average_pool_sums_s8 *layer, const void *const rows[], int8_t *y,
                                  void *scratch);
void btw_average_pool_sums_s8_armv7m(const btw_average_pool_sums_s8 *layer, const void *const rows[], int8_t *y);
void btw_average_pool_sums_s8_scalar(const btw_average_pool_sums_s8 *layer, const void *const rows[], int8_t *y);
void btw_average_pool_s8_neon(const btw_average_pool_s8 *layer, const void *const rows[], int8_t *y);
void btw_average_pool_s8_scalar(const btw_average_pool_s8 *layer, const void *const rows[], int8_t *y);
#endif

/* Columns of a window that lie in the image: kx from `first` to below `end`. */
typedef struct {
    int left; /* of column 0, in pixels of a row */
    int first;
    int end;
} btw_average_pool_columns;

static inline btw_average_pool_columns btw_average_pool_columns_of(const btw_average_pool_s8 *layer, int ox)
{
    btw_average_pool_columns columns = {ox * layer->stride_width - layer->pad_left, 0, layer->kernel_width};
    while (columns.first < columns.end && columns.left + columns.first * layer->dilation_width < 0)
        columns.first++;
    while (columns.first < columns.end &&
           columns.left + (columns.end - 1) * layer->dilation_width >= layer->input_width)
        columns.end--;
    return columns;
}

/* Pixels that count. */
static inline int btw_average_pool_count(const btw_average_pool_s8 *layer, const void *const rows[],
                                         btw_average_pool_columns columns)
{
    int count = 0;
    for (int ky = 0; ky < layer->kernel_height; ky++)
        count += rows[ky] ? columns.end - columns.first : 0;
    return count;
}

/* Channel c as onnxruntime computes it: a float32 sum in row order. Needs -ffp-contract=off. */
static inline int8_t btw_average_pool_float_code(const btw_average_pool_s8 *layer, const void *const rows[],
                                                 btw_average_pool_columns columns, int c)
{
    float sum = 0.0f;
    for (int ky = 0; ky < layer->kernel_height; ky++) {
        const int8_t *const row = rows[ky];
        for (int kx = columns.first; row && kx < columns.end; kx++) {
            const int code = row[(columns.left + kx * layer->dilation_width) * layer->channels + c];
            sum += layer->input_scale * (float)(code - layer->input_zero_point);
        }
    }
    const float mean = sum / (float)btw_average_pool_count(layer, rows, columns) / layer->output_scale;
    return btw_saturate_offset_s8(mean + (float)layer->output_zero_point, layer->offset);
}

/* What is added to a magnitude of high * 2**24 + low % 2**24 as it is rounded to 24 bits, half to even; high < 2**16.
 */
static inline int32_t btw_average_pool_rounding(uint32_t high, uint32_t low)
{
    if (high == 0)
        return 0;
    uint32_t ones = high; /* as many as bits go */
    ones |= ones >> 1;
    ones |= ones >> 2;
    ones |= ones >> 4;
    ones |= ones >> 8;
    const uint32_t gone = low & ones, odd = (low & (ones + 1)) != 0;
    return (int32_t)((gone + odd > (ones + 1) / 2 ? ones + 1 : 0) - gone);
}

/* What the float32 steps of channel c add to the exact sum of a window of at most 256 pixels. */
static inline int32_t btw_average_pool_error(const btw_average_pool_sums_s8 *sums, const void *const rows[],
                                             btw_average_pool_columns columns, int c)
{
    const btw_average_pool_s8 *const layer = &sums->layer;
    int64_t sum = 0;
    int32_t error = 0;
    for (int ky = 0; ky < layer->kernel_height; ky++) {
        const int8_t *const row = rows[ky];
        for (int kx = columns.first; row && kx < columns.end; kx++) {
            const int code = row[(columns.left + kx * layer->dilation_width) * layer->channels + c];
            const int value = code - layer->input_zero_point;
            uint32_t product = (uint32_t)(value < 0 ? -value : value) * (uint32_t)sums->significand;
            const int32_t of_product = btw_average_pool_rounding(product >> 24, product);
            product += (uint32_t)of_product;
            sum += value < 0 ? -(int64_t)product : (int64_t)product;
            const uint64_t size = (uint64_t)(sum < 0 ? -sum : sum);
            const int32_t of_sum = btw_average_pool_rounding((uint32_t)(size >> 24), (uint32_t)size);
            sum += sum < 0 ? -of_sum : of_sum;
            error += (value < 0 ? -of_product : of_product) + (sum < 0 ? -of_sum : of_sum);
        }
    }
    return error;
}

/* Channel c from the sum of its codes. */
static inline int8_t btw_average_pool_sum_code(const btw_average_pool_sums_s8 *sums, int32_t sum, int count,
                                               const void *const rows[], btw_average_pool_columns columns, int c)
{
    const int32_t v = sum * sums->multiplier[count - sums->least] + sums->constant[count - sums->least];
    const uint32_t fraction = (uint32_t)(v + sums->guard) & ((UINT32_C(1) << sums->shift) - 1);
    if (sums->guard && fraction < 2 * (uint32_t)sums->guard) {
        const int32_t k = (v + sums->guard) >> sums->shift;
        if (sums->least_error == NULL)
            return btw_average_pool_float_code(&sums->layer, rows, columns, c);
        if (k > -128 && k < 128)
            return (int8_t)(k - (btw_average_pool_error(sums, rows, columns, c) < sums->least_error[k + 127]));
    }
    return btw_clamp_s8(v >> sums->shift);
}

#endif
