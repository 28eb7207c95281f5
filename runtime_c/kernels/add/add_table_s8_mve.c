/* Addition, int8, Helium: one multiply-add and a table, where no pair of multipliers is exact. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_add_table_s8_scalar. y may be a or b. */
#include "add_table_s8_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_add_table_s8_mve(const btw_add_table_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                     int pixels)
{
    const btw_add_mve_form form = BTW_ADD_MVE_FORM(layer);
    btw_add_mve_each(&form, a, b, y, pixels * layer->channels);
}

#endif
