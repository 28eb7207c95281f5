/* QuantizeLinear, int8: twin of the FPU kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_quantize_linear_s8_scalar btw_quantize_linear_s8_fpu
#include "quantize_linear_s8_scalar.c"
#undef btw_quantize_linear_s8_scalar
