/* Sum or mean of neighbouring values, float32, Helium. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_reduce_sum_f32_scalar but for rounding, where the values of each result lie one behind the other. */
#include "btw_reduce_mve.h"
#include "reduce_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_REDUCE_MVE(btw_reduce_sum_f32_mve_results, ".32", "vldrw.32", "vmov.i32 q1, #0\n\t", "vadd.f32 q1, q1, q0\n\t",
               "vadd.f32 s4, s4, s5\n\tvadd.f32 s6, s6, s7\n\tvadd.f32 s4, s4, s6\n\tvmov s5, r6\n\tvdiv.f32 s4, s4, "
               "s5\n\tvstr s4, [r2]\n\tadd r2, r2, #4\n\t")

BTW_KERNEL void btw_reduce_sum_f32_mve(const btw_reduce *layer, const float *x, float *y)
{
    btw_reduce_mve frame = BTW_REDUCE_MVE_FRAME(layer, x, y, 4);
    memcpy(&frame.divisor, &layer->divisor, sizeof frame.divisor);
    btw_reduce_sum_f32_mve_results(&frame);
}

#endif
