/* Softmax, int8 as onnxruntime computes it: exponentials from a table, a float32 sum in order. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_SOFTMAX_S8_H
#define BTW_SOFTMAX_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

/* The exponentials as integers, for processors without an FPU. (levels << (32 + fraction)) / (sum of parts) is a factor
 * by which (part * factor) >> 32 is the share times 2**fraction, but for an error of at most 6 and
 * a 2**relative-th of it. */
typedef struct {
    const uint32_t *values; /* [256]; a row of them adds up to less than 2**32 */
    int fraction;
    int relative;
} btw_softmax_parts;

typedef struct {
    const float *exponentials; /* [256]: of codes that are 255, 254, ... 0 below the largest, times a common factor */
    float levels;              /* output codes from 0 to 1 */
    int zero_point;
    int channels;
    btw_softmax_parts parts; /* for kernels of that name */
} btw_softmax_s8;

/* Along an axis that others lie inside of: x[outer][size][inner] to y, which may be x. */
typedef struct {
    const float *exponentials;
    float levels;
    int zero_point;
    int outer;
    int size;
    int inner;
    btw_softmax_parts parts;
} btw_softmax_axis_s8;

/* exponential * levels / sum, rounded to the nearest integer, halves to even: exactly. Of normal numbers, if it is at
 * least a quarter; 512 from 2**22 on. */
static inline int32_t btw_softmax_exact(float exponential, float levels, float sum)
{
    uint32_t bits[3];
    memcpy(bits, &exponential, 4);
    memcpy(bits + 1, &levels, 4);
    memcpy(bits + 2, &sum, 4);
    const int shift = 150 + (int)(bits[2] >> 23) - (int)(bits[0] >> 23) - (int)(bits[1] >> 23);
    for (int i = 0; i < 3; i++)
        bits[i] = (bits[i] & 0x7fffffu) | 0x800000u;
    if (shift < 0 || shift > 38)
        return shift < 0 ? 512 : 0;
    const uint64_t product = (uint64_t)bits[0] * bits[1], divisor = (uint64_t)bits[2] << shift;
    const uint64_t quotient = product / divisor, twice = 2 * (product - quotient * divisor);
    const uint64_t rounded = quotient + (twice > divisor || (twice == divisor && (quotient & 1)));
    return rounded > 512 ? 512 : (int32_t)rounded;
}

/* 0 <= share, at most the levels where they are few: these then need no saturation. */
static inline int8_t btw_softmax_code(int32_t share, float levels, int zero_point)
{
    const int32_t code = share + zero_point;
    return (int8_t)(levels + (float)zero_point > 127.0f && code > 127 ? 127 : code);
}

/* x[size] to y, both `step` apart; y may be x. Float32 gives a number below each share and one above, which seldom
 * round to two different codes. */
static inline void btw_softmax_line(const float *exponentials, float levels, int zero_point, const int8_t *x, int8_t *y,
                                    int size, int step)
{
    int largest = x[0];
    for (int k = 1; k < size; k++)
        largest = x[k * step] > largest ? x[k * step] : largest;
    const int offset = 255 - largest;
    float sum = 0.0f;
    for (int k = 0; k < size; k++)
        sum += exponentials[offset + x[k * step]];
    const float factor = levels / sum, low = factor * (1.0f - 0x1p-21f), high = factor * (1.0f + 0x1p-21f);
    for (int k = 0; k < size; k++) {
        const float exponential = exponentials[offset + x[k * step]];
        float below = exponential * low, above = exponential * high;
        if (levels > 4194000.0f) { /* else they are small enough to be rounded by their bits */
            below = below < 512.0f ? below : 512.0f;
            above = above < 512.0f ? above : 512.0f;
        }
        int32_t share = btw_round_to_integer(below);
        if (share != btw_round_to_integer(above))
            share = btw_softmax_exact(exponential, levels, sum);
        y[k * step] = btw_softmax_code(share, levels, zero_point);
    }
}

/* The same by parts; exactly only where the error does not tell between two codes. kept[size] */
static inline void btw_softmax_line_parts(const btw_softmax_parts *parts, const float *exponentials, float levels,
                                          int zero_point, const int8_t *x, int8_t *y, int size, int step, int8_t *kept)
{
    int largest = -128;
    for (int k = 0; k < size; k++) {
        const int code = x[k * step];
        kept[k] = (int8_t)code;
        largest = code > largest ? code : largest;
    }
    const int offset = 255 - largest;
    uint32_t sum = 0;
    for (int k = 0; k < size; k++)
        sum += parts->values[offset + kept[k]];
    const uint32_t factor = (uint32_t)(((uint64_t)(uint32_t)levels << (32 + parts->fraction)) / sum);
    float rounded = 0.0f; /* the float32 sum, once it is needed */
    int known = 0;
    for (int k = 0; k < size; k++) {
        const int place = offset + kept[k];
        const uint32_t share = (uint32_t)(((uint64_t)parts->values[place] * factor) >> 32);
        const uint32_t half = share + (UINT32_C(1) << (parts->fraction - 1)), error = (share >> parts->relative) + 6;
        int32_t code = (int32_t)((half - error) >> parts->fraction);
        if (code != (int32_t)((half + error) >> parts->fraction)) {
            for (int i = 0; !known && i < size; i++)
                rounded += exponentials[offset + kept[i]];
            known = 1;
            code = btw_softmax_exact(exponentials[place], levels, rounded);
        }
        y[k * step] = btw_softmax_code(code, levels, zero_point);
    }
}

/* x[pixels][channels] to y, which may be x. scratch: a byte for each value along the axis */

#if !defined(BTW_INLINE_KERNELS)
void btw_softmax_axis_s8_mve(const btw_softmax_axis_s8 *layer, const int8_t *x, int8_t *y);
void btw_softmax_s8_mve(const btw_softmax_s8 *layer, const int8_t *x, int8_t *y, int pixels);
void btw_softmax_axis_s8_scalar(const btw_softmax_axis_s8 *layer, const int8_t *x, int8_t *y);
void btw_softmax_axis_parts_s8_scalar(const btw_softmax_axis_s8 *layer, const int8_t *x, int8_t *y, void *scratch);
void btw_softmax_s8_scalar(const btw_softmax_s8 *layer, const int8_t *x, int8_t *y, int pixels);
void btw_softmax_parts_s8_scalar(const btw_softmax_s8 *layer, const int8_t *x, int8_t *y, int pixels, void *scratch);
#endif

#endif
