/* The largest of neighbouring values, int8, Helium. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_reduce_max_s8_scalar, where the values of each result lie one behind the other. */
#include "btw_reduce_mve.h"
#include "reduce_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_REDUCE_MVE(btw_reduce_max_s8_mve_results, ".8", "vldrb.8", "mvn r8, #127\n\t", "vmaxv.s8 r8, q0\n\t",
               "strb r8, [r2], #1\n\t")

BTW_KERNEL void btw_reduce_max_s8_mve(const btw_reduce *layer, const int8_t *x, int8_t *y)
{
    const btw_reduce_mve frame = BTW_REDUCE_MVE_FRAME(layer, x, y, 1);
    btw_reduce_max_s8_mve_results(&frame);
}

#endif
