/* Softmax along any axis, float32: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_softmax_axis_f32_scalar btw_softmax_axis_f32_mve
#include "softmax_axis_f32_scalar.c"
#undef btw_softmax_axis_f32_scalar
