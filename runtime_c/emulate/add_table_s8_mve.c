/* Addition by a table, int8: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_add_table_s8_scalar btw_add_table_s8_mve
#include "add_table_s8_scalar.c"
#undef btw_add_table_s8_scalar
