/* Table look-up, int8: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_table_s8_scalar btw_table_s8_mve
#include "table_s8_scalar.c"
#undef btw_table_s8_scalar
