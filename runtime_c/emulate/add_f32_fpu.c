/* Addition, float32: twin of the assembler kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_add_f32_scalar btw_add_f32_fpu
#include "add_f32_scalar.c"
#undef btw_add_f32_scalar
