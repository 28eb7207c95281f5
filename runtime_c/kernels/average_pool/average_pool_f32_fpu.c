/* Average pooling, float32, Cortex-M with FPU: 8 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_average_pool_f32_scalar but for rounding, where every window has a pixel that counts, for at least 8
 * channels. */
#include "average_pool_f32.h"
#include "btw_pool.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#if defined(__ARM_FP) && defined(__thumb2__)
BTW_POOL_FUNCTION(
    btw_average_pool_f32_fpu_pixels,
    BTW_POOL_LOOP("32", "8", "vldmia r11, {s0-s7}\n\t",
                  "vldmia r11, {s8-s15}\n\t"
                  "vadd.f32 s0, s0, s8\n\tvadd.f32 s1, s1, s9\n\tvadd.f32 s2, s2, s10\n\t"
                  "vadd.f32 s3, s3, s11\n\tvadd.f32 s4, s4, s12\n\tvadd.f32 s5, s5, s13\n\t"
                  "vadd.f32 s6, s6, s14\n\tvadd.f32 s7, s7, s15\n\t",
                  "vmov s8, r7\n\t.irp sum, s0, s1, s2, s3, s4, s5, s6, s7\n\tvmul.f32 \\sum, \\sum, s8\n\t.endr\n\t"
                  "vstmia r3!, {s0-s7}\n\t"),
    BTW_POOL_CLOBBERS, "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14",
    "s15")
#endif

/* scratch: a pointer for each pixel of the window */
BTW_KERNEL void btw_average_pool_f32_fpu(const btw_average_pool_f32 *layer, const void *const rows[], float *y,
                                         void *scratch)
{
    const btw_pool pool = BTW_POOL(layer, 4, 8, 0);
    btw_pool_row(&pool, rows, y, scratch, btw_average_pool_f32_fpu_pixels);
}

#endif
