/* Plain C of what btw_table_armv7m.h has in assembler: for hosts, where tests run it. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_TABLE_ARMV7M_TWIN_H
#define BTW_TABLE_ARMV7M_TWIN_H

static inline void btw_look_up_s8(const int8_t *table, const int8_t *x, int8_t *y, int count)
{
    for (int i = 0; i < count; i++)
        y[i] = table[x[i] + 128];
}

#endif
