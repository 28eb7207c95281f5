/* Max pooling, float32, Cortex-M with FPU: 8 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_max_pool_f32_scalar where every window has a pixel that counts, for at least 8 channels. */
#include "btw_pool.h"
#include "max_pool_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#if defined(__ARM_FP) && defined(__thumb2__)
#define BTW_MAX_POOL_F32_LARGER(value, largest)                                                                        \
    "vcmp.f32 " value ", " largest "\n\tvmrs apsr_nzcv, fpscr\n\tit gt\n\tvmovgt.f32 " largest ", " value "\n\t"
BTW_POOL_FUNCTION(btw_max_pool_f32_fpu_pixels,
                  BTW_POOL_LOOP("32", "8", "vldmia r11, {s0-s7}\n\t",
                                "vldmia r11, {s8-s15}\n\t" BTW_MAX_POOL_F32_LARGER("s8", "s0")
                                    BTW_MAX_POOL_F32_LARGER("s9", "s1") BTW_MAX_POOL_F32_LARGER("s10", "s2")
                                        BTW_MAX_POOL_F32_LARGER("s11", "s3") BTW_MAX_POOL_F32_LARGER("s12", "s4")
                                            BTW_MAX_POOL_F32_LARGER("s13", "s5") BTW_MAX_POOL_F32_LARGER("s14", "s6")
                                                BTW_MAX_POOL_F32_LARGER("s15", "s7"),
                                "vstmia r3!, {s0-s7}\n\t"),
                  BTW_POOL_CLOBBERS, "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12",
                  "s13", "s14", "s15")
#endif

/* scratch: a pointer for each pixel of the window */
BTW_KERNEL void btw_max_pool_f32_fpu(const btw_max_pool_f32 *layer, const void *const rows[], float *y, void *scratch)
{
    const btw_pool pool = BTW_POOL(layer, 4, 8, 0);
    btw_pool_row(&pool, rows, y, scratch, btw_max_pool_f32_fpu_pixels);
}

#endif
