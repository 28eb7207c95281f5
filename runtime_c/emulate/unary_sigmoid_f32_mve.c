/* Sigmoid, float32: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_unary_sigmoid_f32_scalar btw_unary_sigmoid_f32_mve
#include "unary_sigmoid_f32_scalar.c"
#undef btw_unary_sigmoid_f32_scalar
