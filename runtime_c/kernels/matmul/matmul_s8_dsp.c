/* Matrix product, int8, Armv7E-M: 2 rows by 4 columns at a time, as btw_matmul_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs a shift of at most 3, 2 rows and 4 columns. */
#include "matmul_s8.h"

#include "btw_matmul_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL BTW_FOLDED void btw_matmul_s8_dsp(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                             void *scratch)
{
    const btw_matmul_packing packing = btw_matmul_dsp_packing(layer, btw_matmul_times(layer));
    btw_matmul_by_integers(layer, &packing, a, b, y, scratch, btw_matmul_blocks);
}

#endif
