/* DequantizeLinear, int8 to float32: twin of the FPU kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_dequantize_linear_f32_scalar btw_dequantize_linear_f32_fpu
#include "dequantize_linear_f32_scalar.c"
#undef btw_dequantize_linear_f32_scalar
