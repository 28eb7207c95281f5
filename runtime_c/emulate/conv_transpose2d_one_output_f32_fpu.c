/* One row of a transposed 2-D convolution to one channel, float32: the plain C twin of the FPU kernel. */
/* SPDX-License-Identifier: MIT-0 */
#include "conv_transpose2d_f32.h"

#include "btw_conv_transpose_twin.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_conv_transpose2d_one_output_f32_fpu(const btw_conv_transpose2d_f32 *layer, const void *const rows[],
                                                        float *y, void *scratch)
{
    (void)scratch;
    btw_conv_transpose2d_f32_by(layer, rows, y, 1);
}

#endif
