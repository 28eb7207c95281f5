/* Difference of two tensors that broadcast, float32: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_binary_sub_f32_scalar btw_binary_sub_f32_mve
#include "binary_sub_f32_scalar.c"
#undef btw_binary_sub_f32_scalar
