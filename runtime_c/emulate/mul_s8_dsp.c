/* Multiplication, int8, 4 at a time: twin of the assembler kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_mul_s8_scalar btw_mul_s8_dsp
#include "mul_s8_scalar.c"
#undef btw_mul_s8_scalar
