/* Softmax along any axis, int8: twin of the Helium kernel, the scalar one under its name. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_softmax_axis_s8_scalar btw_softmax_axis_s8_mve
#include "softmax_axis_s8_scalar.c"
#undef btw_softmax_axis_s8_scalar
