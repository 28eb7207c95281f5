/* Sum of two tensors of one shape, int8 (onnxruntime's QLinearAdd), in forms checked over all 65,536 pairs. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_ADD_S8_H
#define BTW_ADD_S8_H

#include "btw.h"
#include "btw_fixed_point.h"

typedef struct {
    int channels;
    int32_t a_multiplier;
    int32_t b_multiplier;
    int32_t constant;
    int shift;
    int half_even; /* 1: exact halves go to the even code */
} btw_add_s8;

/* v = a * a_multiplier + b * b_multiplier + constant; clamp((v + ((v >> shift) & half_even)) >> shift) */

typedef struct {
    int channels;
    int32_t a_multiplier;
    int shift;
    int half_even;
    const int32_t *table; /* [256], of b code - 128 .. 127 */
} btw_add_table_s8;

/* the same with v = a * a_multiplier + table[b] */

typedef struct {
    int channels;
    float a_ratio;
    int offset;         /* of the codes in the formula: 128 where the model has uint8 */
    const float *table; /* [256], of b code - 128 .. 127 */
} btw_add_float_s8;

/* clamp(round_half_even((float)((double)(a + offset) * a_ratio + table[b])) - offset): a fused multiply-add without the
 * instruction */

typedef struct {
    int channels;
    float a_ratio;
    float b_ratio;
    float constant;
} btw_add_fused_s8;

/* saturate(round_half_even(fmaf(a, a_ratio, fmaf(b, b_ratio, constant)))) */

/* a, b[pixels][channels] to y, which may be a or b */
/* Operands that broadcast: y[pixels][channels], v as with the table. */
typedef struct {
    int channels;
    int a_pixel; /* elements of a from one pixel of y to the next */
    int a_channel;
    int b_pixel;
    int b_channel;
    int32_t a_multiplier;
    int shift;
    int half_even;
    const int32_t *table; /* [256], of b code - 128 .. 127 */
} btw_add_broadcast_s8;

typedef struct {
    int channels;
    int a_pixel;
    int a_channel;
    int b_pixel;
    int b_channel;
    int32_t a_multiplier;
    int32_t b_multiplier;
    int32_t constant;
    int shift;
    int half_even;
} btw_add_broadcast_linear_s8;

/* the same with v = a * a_multiplier + b * b_multiplier + constant */

#if !defined(BTW_INLINE_KERNELS)
void btw_add_broadcast_s8_neon(const btw_add_broadcast_linear_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                               int pixels);
void btw_add_broadcast_s8_armv7m(const btw_add_broadcast_linear_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                 int pixels);
void btw_add_broadcast_s8_mve(const btw_add_broadcast_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                              int pixels);
void btw_add_table_s8_mve(const btw_add_table_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_add_broadcast_s8_scalar(const btw_add_broadcast_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                 int pixels);
void btw_add_s8_armv7m(const btw_add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_add_s8_mve(const btw_add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_add_s8_neon(const btw_add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_add_fused_s8_neon(const btw_add_fused_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_add_s8_scalar(const btw_add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_add_table_s8_scalar(const btw_add_table_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
void btw_add_float_s8_scalar(const btw_add_float_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels);
#endif

#endif
