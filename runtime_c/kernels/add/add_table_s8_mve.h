/* Addition by a table on Helium: 4 codes at a time. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_ADD_TABLE_S8_MVE_H
#define BTW_ADD_TABLE_S8_MVE_H

#include "add_s8.h"
#include "btw_mve.h"

typedef struct {
    const int32_t *zero; /* of the table: the addend of code 0 */
    int32_t multiplier;
    int32_t left; /* minus the shift */
    int half_even;
} btw_add_mve_form;

#define BTW_ADD_MVE_FORM(layer) {(layer)->table + 128, (layer)->a_multiplier, -(layer)->shift, (layer)->half_even}

/* `count` codes of a and b, which may be one for all: FIRST is what does not change, A and B give a to q0 and the
 * addend to q1, EVEN sends exact halves to the even code. */
#define BTW_ADD_MVE_CODES(name, FIRST, A, B, EVEN)                                                                     \
    static inline void name(const btw_add_mve_form *form, const int8_t *a, const int8_t *b, int8_t *y, int count)      \
    {                                                                                                                  \
        __asm__ volatile(                                                                                              \
            "vmov.i32 q2, #1\n\t" FIRST "wlstp.32 lr, %[count], 2f\n"                                                  \
            "1:\n\t" A B "vmla.s32 q1, q0, %[multiplier]\n\t" EVEN                                                     \
            "vshl.s32 q1, %[left]\n\tvqmovnb.s32 q1, q1\n\tvqmovnb.s16 q1, q1\n\t"                                     \
            "vstrb.32 q1, [%[y]], #4\n\tletp lr, 1b\n2:"                                                               \
            : [a] "+&l"(a), [b] "+&l"(b), [y] "+&l"(y)                                                                 \
            : [zero] "r"(form->zero), [multiplier] "r"(form->multiplier), [left] "r"(form->left), [count] "r"(count)   \
            : BTW_MVE_P0 "lr", "q0", "q1", "q2", "q3", "q4", "cc", "memory");                                          \
    }
#define BTW_ADD_MVE_BOTH(name, FIRST, A, B)                                                                            \
    BTW_ADD_MVE_CODES(name##_half_up, FIRST, A, B, "")                                                                 \
    BTW_ADD_MVE_CODES(name##_half_even, FIRST, A, B,                                                                   \
                      "vmov q4, q1\n\tvshl.s32 q4, %[left]\n\tvand q4, q4, q2\n\tvadd.i32 q1, q1, q4\n\t")             \
    static inline void name(const btw_add_mve_form *form, const int8_t *a, const int8_t *b, int8_t *y, int count)      \
    {                                                                                                                  \
        if (form->half_even)                                                                                           \
            name##_half_even(form, a, b, y, count);                                                                    \
        else                                                                                                           \
            name##_half_up(form, a, b, y, count);                                                                      \
    }

#define BTW_ADD_MVE_A "vldrb.s32 q0, [%[a]], #4\n\t"
#define BTW_ADD_MVE_B "vldrb.s32 q3, [%[b]], #4\n\tvldrw.u32 q1, [%[zero], q3, uxtw #2]\n\t"

BTW_ADD_MVE_BOTH(btw_add_mve_each, "", BTW_ADD_MVE_A, BTW_ADD_MVE_B)
BTW_ADD_MVE_BOTH(btw_add_mve_one_a, "ldrsb lr, [%[a]]\n\tvdup.32 q0, lr\n\t", "", BTW_ADD_MVE_B)
BTW_ADD_MVE_BOTH(btw_add_mve_one_b, "ldrsb lr, [%[b]]\n\tldr lr, [%[zero], lr, lsl #2]\n\tvdup.32 q3, lr\n\t",
                 BTW_ADD_MVE_A, "vmov q1, q3\n\t")

#endif
