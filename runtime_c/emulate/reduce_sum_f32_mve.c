/* Sum or mean of neighbouring values, float32: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_reduce_sum_f32_scalar btw_reduce_sum_f32_mve
#include "reduce_sum_f32_scalar.c"
#undef btw_reduce_sum_f32_scalar
