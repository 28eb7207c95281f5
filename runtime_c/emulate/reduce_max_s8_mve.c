/* The largest of neighbouring values, int8: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_reduce_max_s8_scalar btw_reduce_max_s8_mve
#include "reduce_max_s8_scalar.c"
#undef btw_reduce_max_s8_scalar
