/* Codes through a table of 256, Armv7-M: the loop that tables and concatenations share. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_TABLE_ARMV7M_H
#define BTW_TABLE_ARMV7M_H

#include "btw.h"

#if defined(__thumb2__)

/* y[count] = table[x + 128], 4 codes a turn, read before they are written: y may be x. 14 instructions a turn; written
 * by the compiler it is 23, for it puts the bytes together before it stores them. */
static inline void btw_look_up_s8(const int8_t *table, const int8_t *x, int8_t *y, int count)
{
    const int8_t *const middle = table + 128, *const end = x + (count & ~3);
    int code0, code1, code2, code3;
    if (x != end)
        __asm__ volatile("1:\n\t"
                         "ldrsb %[code1], [%[x], #1]\n\tldrsb %[code2], [%[x], #2]\n\t"
                         "ldrsb %[code3], [%[x], #3]\n\tldrsb %[code0], [%[x]], #4\n\t"
                         "ldrb %[code1], [%[table], %[code1]]\n\tldrb %[code2], [%[table], %[code2]]\n\t"
                         "ldrb %[code3], [%[table], %[code3]]\n\tldrb %[code0], [%[table], %[code0]]\n\t"
                         "strb %[code1], [%[y], #1]\n\tstrb %[code2], [%[y], #2]\n\t"
                         "strb %[code3], [%[y], #3]\n\tstrb %[code0], [%[y]], #4\n\t"
                         "cmp %[x], %[end]\n\tbne 1b"
                         : [x] "+&r"(x), [y] "+&r"(y), [code0] "=&r"(code0), [code1] "=&r"(code1), [code2] "=&r"(code2),
                           [code3] "=&r"(code3)
                         : [table] "r"(middle), [end] "r"(end)
                         : "cc", "memory");
    for (int i = 0; i < (count & 3); i++)
        y[i] = middle[x[i]];
}

#else
#include "btw_table_armv7m_twin.h"
#endif

#endif
