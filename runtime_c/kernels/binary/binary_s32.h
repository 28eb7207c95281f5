/* Arithmetic of two tensors that broadcast, int32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_BINARY_S32_H
#define BTW_BINARY_S32_H

#include "btw_broadcast.h"

typedef btw_broadcast btw_binary_s32;

static inline int32_t btw_divide_s32(int32_t a, int32_t b)
{
    return b == 0 ? 0 : b == -1 ? (int32_t)(0u - (uint32_t)a) : a / b;
}

/* y[pixels][channels]; it may be an operand that has its shape */

#if !defined(BTW_INLINE_KERNELS)
void btw_binary_add_s32_scalar(const btw_binary_s32 *layer, const int32_t *x0, const int32_t *x1, int32_t *y,
                               int pixels);
void btw_binary_div_s32_scalar(const btw_binary_s32 *layer, const int32_t *x0, const int32_t *x1, int32_t *y,
                               int pixels);
void btw_binary_max_s32_scalar(const btw_binary_s32 *layer, const int32_t *x0, const int32_t *x1, int32_t *y,
                               int pixels);
void btw_binary_min_s32_scalar(const btw_binary_s32 *layer, const int32_t *x0, const int32_t *x1, int32_t *y,
                               int pixels);
void btw_binary_mul_s32_scalar(const btw_binary_s32 *layer, const int32_t *x0, const int32_t *x1, int32_t *y,
                               int pixels);
void btw_binary_sub_s32_scalar(const btw_binary_s32 *layer, const int32_t *x0, const int32_t *x1, int32_t *y,
                               int pixels);
#endif

#endif
