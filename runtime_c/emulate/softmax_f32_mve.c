/* Softmax, float32: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_exp_f32 btw_exp_mve_softmax
#define btw_softmax_f32_scalar btw_softmax_f32_mve
#include "softmax_f32_scalar.c"
#undef btw_exp_f32
#undef btw_softmax_f32_scalar
