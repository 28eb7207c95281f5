/* Max pooling, int8, Helium: 16 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_max_pool_s8_scalar where every window has a pixel that counts. */
#include "btw_mve.h"
#include "btw_pool.h"
#include "max_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#if defined(__ARM_FEATURE_MVE)
BTW_POOL_MVE(btw_max_pool_s8_mve_pixels, ".8", "vldrb.8", "vstrb.8", "vmax.s8 q0, q0, q1\n\t", "")
#endif

/* scratch: a pointer for each pixel of the window */
BTW_KERNEL void btw_max_pool_s8_mve(const btw_max_pool_s8 *layer, const void *const rows[], int8_t *y, void *scratch)
{
    const btw_pool pool = BTW_POOL(layer, 1, 16, 1);
    btw_pool_row(&pool, rows, y, scratch, btw_max_pool_s8_mve_pixels);
}

#endif
