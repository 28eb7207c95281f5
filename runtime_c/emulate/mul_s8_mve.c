/* Multiplication, int8, by a proved multiplier: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_mul_s8_scalar btw_mul_s8_mve
#include "mul_s8_scalar.c"
#undef btw_mul_s8_scalar
