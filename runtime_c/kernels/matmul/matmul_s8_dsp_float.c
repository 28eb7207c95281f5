/* Matrix product, int8, Armv7E-M with FPU: as btw_matmul_s8_dsp, requantized in float32 for want of a proof. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs 2 rows and 4 columns, and the default rounding mode. */
#include "matmul_s8.h"

#include "btw_matmul_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_matmul_s8_dsp_float(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b,
                                                   int8_t *y, void *scratch)
{
    const btw_matmul_packing packing = btw_matmul_dsp_packing(layer, 1);
    btw_matmul_by(layer, &packing, a, b, y, scratch, layer->requantization.zero_point,
                  (int32_t)layer->requantization.scale[0], btw_matmul_blocks_float);
}

#endif
