/* Max pooling, float32, Helium: 4 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_max_pool_f32_scalar where every window has a pixel that counts. */
#include "btw_mve.h"
#include "btw_pool.h"
#include "max_pool_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#if defined(__ARM_FEATURE_MVE)
BTW_POOL_MVE(btw_max_pool_f32_mve_pixels, ".32", "vldrw.32", "vstrw.32", "vmaxnm.f32 q0, q0, q1\n\t", "")
#endif

/* scratch: a pointer for each pixel of the window */
BTW_KERNEL void btw_max_pool_f32_mve(const btw_max_pool_f32 *layer, const void *const rows[], float *y, void *scratch)
{
    const btw_pool pool = BTW_POOL(layer, 4, 4, 1);
    btw_pool_row(&pool, rows, y, scratch, btw_max_pool_f32_mve_pixels);
}

#endif
