/* Depthwise convolution 3x3, float32: the plain C twin of the Helium kernel, reading the same packed layer. */
/* SPDX-License-Identifier: MIT-0 */
#include "btw_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_depthwise_conv2d_3x3_f32_mve(const btw_f32_depthwise *layer, const void *const rows[], float *y)
{

    btw_f32_depthwise_twin(layer, rows, y);
}

#endif
