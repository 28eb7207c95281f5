/* Max pooling, int8, Armv7E-M: 8 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_max_pool_s8_scalar where every window has a pixel that counts, for at least 8 channels. */
#include "btw_pool.h"
#include "max_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#if defined(__ARM_FEATURE_DSP)
/* r12 and lr are the largest of 4 channels each. */
BTW_POOL_FUNCTION(btw_max_pool_s8_dsp_pixels,
                  BTW_POOL_LOOP("8", "8", "ldr r12, [r11]\n\tldr lr, [r11, #4]\n\t",
                                "ldr r6, [r11]\n\tldr r7, [r11, #4]\n\tssub8 r8, r12, r6\n\tsel r12, r12, r6\n\t"
                                "ssub8 r8, lr, r7\n\tsel lr, lr, r7\n\t",
                                "str r12, [r3], #4\n\tstr lr, [r3], #4\n\t"),
                  BTW_POOL_CLOBBERS)
#endif

/* scratch: a pointer for each pixel of the window */
BTW_KERNEL void btw_max_pool_s8_dsp(const btw_max_pool_s8 *layer, const void *const rows[], int8_t *y, void *scratch)
{
    const btw_pool pool = BTW_POOL(layer, 1, 8, 0);
    btw_pool_row(&pool, rows, y, scratch, btw_max_pool_s8_dsp_pixels);
}

#endif
