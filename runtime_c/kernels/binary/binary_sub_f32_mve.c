/* Difference of two tensors that broadcast, float32, Helium. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_binary_sub_f32_scalar, where one operand has the shape of the output; y may be that one. */
#include "binary_f32.h"
#include "btw_binary_f32_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_BINARY_F32_MVE(btw_binary_sub_f32_mve, "vsub.f32 q0, q0, q1\n\t", "vsub.f32 q0, q1, q0\n\t")

#endif
