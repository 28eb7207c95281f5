/* Multiplication, int8, by onnxruntime's float32 steps: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_mul_float_s8_scalar btw_mul_float_s8_mve
#include "mul_float_s8_scalar.c"
#undef btw_mul_float_s8_scalar
