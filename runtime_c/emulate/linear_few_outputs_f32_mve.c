/* Fully connected layer, float32: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_linear_f32_scalar btw_linear_few_outputs_f32_mve
#include "linear_f32_scalar.c"
#undef btw_linear_f32_scalar
