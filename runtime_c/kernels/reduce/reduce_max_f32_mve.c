/* The largest of neighbouring values, float32, Helium. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_reduce_max_f32_scalar but for NaNs, where the values of each result lie one behind the other. */
#include "btw_reduce_mve.h"
#include "reduce_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_REDUCE_MVE(btw_reduce_max_f32_mve_results, ".32", "vldrw.32", "movw r8, #0\n\tmovt r8, #0xff80\n\t",
               "vmaxnmv.f32 r8, q0\n\t", "str r8, [r2], #4\n\t")

BTW_KERNEL void btw_reduce_max_f32_mve(const btw_reduce *layer, const float *x, float *y)
{
    const btw_reduce_mve frame = BTW_REDUCE_MVE_FRAME(layer, x, y, 4);
    btw_reduce_max_f32_mve_results(&frame);
}

#endif
