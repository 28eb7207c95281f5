/* Kernels for NEON, AArch64: codes looked up in a table, 16 at a time, by four tables of 64. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_LOOK_UP_NEON_H
#define BTW_LOOK_UP_NEON_H

#include "btw_s8_neon.h"

/* Numbers beyond a table's 64 give 0 in the first, and keep what the others gave. */
BTW_NEON int8x16_t btw_neon_look_up(const int8x16x4_t tables[4], int8x16_t code)
{
    const uint8x16_t next = vdupq_n_u8(64);
    uint8x16_t number = veorq_u8(vreinterpretq_u8_s8(code), vdupq_n_u8(128));
    int8x16_t y = vqtbl4q_s8(tables[0], number);
    BTW_UNROLL for (int i = 1; i < 4; i++)
    {
        number = vsubq_u8(number, next);
        y = vqtbx4q_s8(y, tables[i], number);
    }
    return y;
}

/* y[count] = table[x[count] + 128] */
BTW_NEON void btw_neon_look_up_all(const int8_t *table, const int8_t *x, int8_t *y, int count)
{
    const int8x16x4_t tables[4] = {vld1q_s8_x4(table), vld1q_s8_x4(table + 64), vld1q_s8_x4(table + 128),
                                   vld1q_s8_x4(table + 192)};
    int i = 0;
    for (; i <= count - 16; i += 16)
        vst1q_s8(y + i, btw_neon_look_up(tables, vld1q_s8(x + i)));
    for (; i < count; i++)
        y[i] = table[x[i] + 128];
}

#endif
