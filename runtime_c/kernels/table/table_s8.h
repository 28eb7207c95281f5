/* A function of one int8 value as a table of all its results. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_TABLE_S8_H
#define BTW_TABLE_S8_H

#include "btw.h"

typedef struct {
    int channels;
    const int8_t *table; /* [256], of code - 128 .. 127 */
} btw_table_s8;

/* x[pixels][channels] to y, which may be x */

#if !defined(BTW_INLINE_KERNELS)
void btw_table_s8_armv7m(const btw_table_s8 *layer, const int8_t *x, int8_t *y, int pixels);
void btw_table_s8_neon(const btw_table_s8 *layer, const int8_t *x, int8_t *y, int pixels);
void btw_table_s8_scalar(const btw_table_s8 *layer, const int8_t *x, int8_t *y, int pixels);
void btw_table_s8_mve(const btw_table_s8 *layer, const int8_t *x, int8_t *y, int pixels);
#endif

#endif
